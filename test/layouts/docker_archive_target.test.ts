import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { unpackTar } from "modern-tar";
import { openDockerArchive } from "../../src/layouts/docker_archive_source.ts";
import { openDockerArchiveTarget } from "../../src/layouts/docker_archive_target.ts";
import type { LayoutTarget } from "../../src/layouts/layout_content.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import type { Bytes } from "./docker_archive_content.ts";
import {
  CONFIG,
  descriptorOf,
  digestOf,
  jsonOf,
  LAYER,
  makeConfig,
  makeLayer,
  readImage,
} from "./docker_archive_content.ts";
import { makeFolder } from "./setup.ts";

async function put(target: LayoutTarget, descriptor: Descriptor, bytes: Bytes): Promise<void> {
  const start = await target.beginBlob(descriptor);
  if (start.state === "open") await start.upload.put(bytes);
}

interface PutOptions {
  readonly tag?: string;
  readonly config?: Bytes;
}

/** Puts an image with a plain, a gzip and a zstd layer. */
async function putImage(
  target: LayoutTarget,
  plain: readonly Bytes[],
  { tag = "1", config = makeConfig(plain) }: PutOptions = {},
): Promise<void> {
  const [a = jsonOf(1), b = jsonOf(2), c = jsonOf(3)] = plain;
  const layers: [string, Bytes][] = [
    [LAYER, a],
    [`${LAYER}+gzip`, new Uint8Array(gzipSync(b))],
    [`${LAYER}+zstd`, new Uint8Array(zstdCompressSync(c))],
  ];
  await Promise.all([
    put(target, descriptorOf(CONFIG, config), config),
    ...layers.map(([type, bytes]) => put(target, descriptorOf(type, bytes), bytes)),
  ]);
  const bytes = jsonOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptorOf(CONFIG, config),
    layers: layers.map(([type, bytes]) => descriptorOf(type, bytes)),
  });
  await target.putManifest({ bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) }, { tag });
}

test("openDockerArchiveTarget() writes uncompressed layers that can be read back", async (t) => {
  const path = join(await makeFolder(t), "app.tar");
  const plain = [
    await makeLayer("one"),
    await makeLayer("y".repeat(700_000)),
    await makeLayer("3"),
  ];
  const target = openDockerArchiveTarget({ file: path, name: "docker-archive:app", image: "app" });
  await putImage(target, plain);
  assert.equal((await target.resolveManifest("1"))?.mediaType, OCI_MANIFEST);
  await target.finish();
  await target.close();
  const entries = await unpackTar(await readFile(path), { strict: true });
  const content = new Map(entries.map(({ header, data }) => [header.name, data]));
  const [image] = JSON.parse(new TextDecoder().decode(content.get("manifest.json")));
  assert.deepEqual(image.RepoTags, ["app:1"]);
  assert.deepEqual(image.Layers.map((path: string) => content.get(path)), plain);

  const source = await openDockerArchive({ file: path, name: "x", image: "app", compress: "none" });
  t.after(() => source.close());
  assert.deepEqual(
    (await readImage(source, "1")).layers.map(({ digest }) => digest),
    plain.map(digestOf),
  );
});

test("openDockerArchiveTarget() rejects a layer that is not the one in the config", async (t) => {
  const folder = await makeFolder(t);
  const target = openDockerArchiveTarget({ file: join(folder, "app.tar"), name: "x" });
  const plain = [await makeLayer("one"), await makeLayer("two"), await makeLayer("three")];
  const config = makeConfig([...plain.slice(0, 2), await makeLayer("four")]);
  await assert.rejects(putImage(target, plain, { config }), {
    code: "integrity",
    message: /app\.tar: the layer sha256:\w+ has diff_id sha256:\w+, expected sha256:\w+ by/,
  });
  await target.close();
  assert.deepEqual(await readdir(folder), []);
});

test("openDockerArchiveTarget() rejects wrong and damaged layers, and writes them again", async (t) => {
  const folder = await makeFolder(t);
  const path = join(folder, "app.tar");
  const target = openDockerArchiveTarget({ file: path, name: "x" });
  const plain = [await makeLayer("one"), await makeLayer("two"), await makeLayer("three")];
  const gzipped = new Uint8Array(gzipSync(plain[1] ?? ""));
  const descriptor = descriptorOf(`${LAYER}+gzip`, gzipped);
  const other = new Uint8Array(gzipSync(plain[2] ?? "")).subarray(0, gzipped.byteLength);
  await assert.rejects(put(target, descriptor, other), { code: "integrity" });
  const cut = gzipped.slice(0, -9);
  await assert.rejects(put(target, descriptorOf(`${LAYER}+gzip`, cut), cut), {
    code: "integrity",
    message: /the gzip data is damaged or truncated$/,
  });
  await putImage(target, plain);
  await target.finish();
  const entries = await unpackTar(await readFile(path), { strict: true });
  assert.equal(entries.length, 5);
  const manifest = entries.at(-1);
  assert.equal(manifest?.header.name, "manifest.json");
  assert.match(new TextDecoder().decode(manifest?.data), /"RepoTags":null/);
});

test("openDockerArchiveTarget() rejects an index and an artifact", async (t) => {
  const target = openDockerArchiveTarget({ file: join(await makeFolder(t), "a.tar"), name: "x" });
  const bytes = jsonOf({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] });
  const content = { bytes, mediaType: OCI_INDEX, digest: digestOf(bytes) };
  await assert.rejects(target.putManifest(content), {
    code: "unsupported",
    message: /it holds only images, not an index of several platforms$/,
  });
  const chart = descriptorOf("application/vnd.cncf.helm.config.v1+json", bytes);
  await assert.rejects(target.beginBlob(chart), { code: "unsupported", message: /not a blob of/ });
});
