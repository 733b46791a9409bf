import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { packTar, unpackTar } from "modern-tar";
import type { TarEntry } from "modern-tar";
import { openDockerArchive } from "../../src/layouts/docker_archive_source.ts";
import type { DockerArchiveOptions } from "../../src/layouts/docker_archive_source.ts";
import { openDockerArchiveTarget } from "../../src/layouts/docker_archive_target.ts";
import type { LayoutSource, LayoutTarget } from "../../src/layouts/layout_content.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { makeFolder } from "./setup.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const LAYER = "application/vnd.oci.image.layer.v1.tar";
const CONFIG = "application/vnd.oci.image.config.v1+json";

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function hexOf(bytes: Uint8Array): string {
  return digestOf(bytes).slice("sha256:".length);
}

function jsonOf(value: unknown): Bytes {
  return new TextEncoder().encode(JSON.stringify(value));
}

function descriptorOf(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** A layer with one file. */
async function makeLayer(text: string): Promise<Bytes> {
  const header = { name: "file", size: text.length, mtime: new Date(0) };
  return await packTar([{ header, body: text }]);
}

function makeConfig(layers: readonly Uint8Array[]): Bytes {
  const rootfs = { type: "layers", diff_ids: layers.map(digestOf) };
  return jsonOf({ architecture: "amd64", os: "linux", rootfs });
}

function file(name: string, body: Uint8Array): TarEntry {
  return { header: { name, size: body.byteLength }, body };
}

interface Legacy {
  readonly layers: readonly Uint8Array[];
  readonly tags?: readonly string[];
  readonly config?: Uint8Array;
}

/** The entries of `docker save` before version 25: a folder for each layer, a repeated layer as a link, `manifest.json` last. */
function makeLegacyEntries(...images: readonly Legacy[]): TarEntry[] {
  const entries: TarEntry[] = [];
  const paths = new Map<string, string>();
  const manifest = images.map(({ layers, tags = null, config = makeConfig(layers) }, image) => {
    const Layers = layers.map((layer, i) => {
      const hex = hexOf(layer);
      const path = `${image}${i}${hex}/layer.tar`;
      const known = paths.get(hex);
      entries.push({ header: { name: `${image}${i}${hex}/`, type: "directory", size: 0 } });
      entries.push(
        known === undefined
          ? file(path, layer)
          : { header: { name: path, type: "symlink", linkname: `../${known}`, size: 0 } },
      );
      if (known === undefined) paths.set(hex, path);
      return path;
    });
    const Config = `${hexOf(config)}.json`;
    entries.push(file(Config, config));
    return { Config, RepoTags: tags, Layers };
  });
  return [...entries, file("manifest.json", jsonOf(manifest))];
}

async function open(
  t: TestContext,
  archive: readonly TarEntry[] | Uint8Array,
  options: Partial<DockerArchiveOptions> = {},
): Promise<LayoutSource> {
  const path = join(await makeFolder(t), "app.tar");
  await writeFile(path, archive instanceof Uint8Array ? archive : await packTar([...archive]));
  const source = await openDockerArchive({
    file: path,
    name: "docker-archive:app.tar",
    ...options,
  });
  t.after(() => source.close());
  return source;
}

async function readBlob(source: LayoutSource, descriptor: Descriptor, offset = 0): Promise<Bytes> {
  const response = await source.openBlob(descriptor, { offset });
  const bytes = await response.bytes();
  assert.equal(
    response.headers.get("content-length") ?? `${bytes.byteLength}`,
    `${bytes.byteLength}`,
  );
  return bytes;
}

async function readImage(source: LayoutSource, tag = "latest"): Promise<{
  readonly mediaType: string;
  readonly digest: Digest;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}> {
  const content = await source.fetchManifest(tag);
  assert.ok(content);
  assert.equal(content.digest, digestOf(content.bytes));
  const manifest = parseManifest(content.bytes, content.mediaType);
  assert.ok(manifest.kind === "image");
  return { ...manifest, digest: content.digest };
}

test("openDockerArchive() compresses the layers of a legacy archive, always to the same digests", async (t) => {
  const layers = [await makeLayer("one"), await makeLayer("x".repeat(900_000))];
  const entries = makeLegacyEntries({
    layers: [...layers, layers[0] ?? jsonOf("")],
    tags: ["a:1"],
  });
  const source = await open(t, entries);
  const image = await readImage(source);
  assert.equal(image.mediaType, OCI_MANIFEST);
  assert.equal(image.config.mediaType, CONFIG);
  assert.equal(image.layers.length, 3);
  assert.deepEqual(image.layers[2], image.layers[0]);
  for (const [i, layer] of layers.entries()) {
    const descriptor = image.layers[i];
    assert.ok(descriptor);
    const bytes = await readBlob(source, descriptor);
    assert.deepEqual(descriptor, descriptorOf(`${LAYER}+gzip`, bytes));
    assert.deepEqual(new Uint8Array(gunzipSync(bytes)), layer);
    assert.deepEqual(await readBlob(source, descriptor, 50), bytes.subarray(50));
  }
  assert.deepEqual(
    await readBlob(source, image.config),
    makeConfig([...layers, layers[0] ?? jsonOf("")]),
  );
  assert.equal((await readImage(await open(t, entries))).digest, image.digest);
  assert.deepEqual((await source.resolveManifest(image.digest))?.digest, image.digest);
  assert.ok(await source.hasBlob(image.config));
  assert.deepEqual(await source.listReferrers(image.digest), []);
});

test("openDockerArchive() leaves layers uncompressed, and makes a manifest of schema 2, on request", async (t) => {
  const layer = await makeLayer("one");
  const source = await open(t, makeLegacyEntries({ layers: [layer] }), {
    compress: "none",
    format: "docker",
  });
  const image = await readImage(source);
  assert.equal(image.mediaType, DOCKER_MANIFEST);
  assert.equal(image.config.mediaType, "application/vnd.docker.container.image.v1+json");
  const [descriptor] = image.layers;
  assert.deepEqual(descriptor, descriptorOf("application/vnd.docker.image.rootfs.diff.tar", layer));
  assert.ok(descriptor);
  assert.deepEqual(await readBlob(source, descriptor), layer);
});

test("openDockerArchive() keeps layers that are compressed in the archive, as crane writes them", async (t) => {
  const plain = [await makeLayer("one"), await makeLayer("two")];
  const [one, two] = [gzipSync(plain[0] ?? ""), zstdCompressSync(plain[1] ?? "")];
  const config = makeConfig(plain);
  const source = await open(t, [
    file(`${digestOf(config)}`, config),
    file("1.tar.gz", one),
    file("2.tar.zst", two),
    file(
      "manifest.json",
      jsonOf([{ Config: digestOf(config), RepoTags: null, Layers: ["1.tar.gz", "2.tar.zst"] }]),
    ),
  ]);
  assert.deepEqual((await readImage(source)).layers, [
    descriptorOf(`${LAYER}+gzip`, one),
    descriptorOf(`${LAYER}+zstd`, two),
  ]);
});

test("openDockerArchive() selects an image by name or position", async (t) => {
  const [one, two] = [await makeLayer("one"), await makeLayer("two")];
  const entries = makeLegacyEntries(
    { layers: [one], tags: ["app:1", "docker.io/library/app:2"] },
    { layers: [two], tags: ["example.com/app:1"] },
  );
  const digestBy = async (image: string | undefined, tag?: string): Promise<Digest | undefined> => {
    const source = await open(t, entries, { image });
    const digest = await source.resolveManifest(tag ?? "latest").then((found) => found?.digest);
    return digest;
  };
  const first = await digestBy("@0");
  const second = await digestBy("@1");
  assert.ok(first && second && first !== second);
  assert.equal(await digestBy("app", "1"), first);
  assert.equal(await digestBy("docker.io/library/app", "1"), first);
  assert.equal(await digestBy("app", "2"), first);
  assert.equal(await digestBy("example.com/app", "1"), second);
  assert.equal(await digestBy("app", "3"), undefined);
  assert.equal(await digestBy("example.com/app", "2"), undefined);
  const message =
    /app\.tar: it has 2 images: @0 \("app:1", "docker\.io\/library\/app:2"\), @1 \("example\.com\/app:1"\)$/;
  await assert.rejects(digestBy(undefined), { code: "usage", message });
  await assert.rejects(digestBy("@2"), { code: "usage", message: /it has no image @2: @0/ });
});

test("openDockerArchive() lists the tags of a name", async (t) => {
  const entries = makeLegacyEntries({
    layers: [await makeLayer("one")],
    tags: ["app:2", "app:1", "other:3"],
  });
  const list = async (image?: string): Promise<string[]> =>
    (await Array.fromAsync((await open(t, entries, { image })).listTags())).flat();
  assert.deepEqual(await list("docker.io/library/app"), ["1", "2"]);
  assert.deepEqual(await list(), ["app:1", "app:2", "other:3"]);
});

test("openDockerArchive() finds no digest tag in an archive of one image", async (t) => {
  const source = await open(t, makeLegacyEntries({ layers: [await makeLayer("one")] }));
  const { digest } = await readImage(source);
  assert.equal(await source.resolveManifest(`${digest.replace(":", "-")}.sig`), undefined);
});

test("openDockerArchive() rejects two images with one name", async (t) => {
  const entries = makeLegacyEntries(
    { layers: [await makeLayer("one")], tags: ["app:1"] },
    { layers: [await makeLayer("two")], tags: ["app:1"] },
  );
  await assert.rejects((await open(t, entries, { image: "app" })).resolveManifest("1"), {
    code: "usage",
    message: /2 images are docker\.io\/library\/app:1: @0 \("app:1"\), @1 \("app:1"\)$/,
  });
});

test("openDockerArchive() rejects a missing layer, a missing config and a wrong diff_id", async (t) => {
  const layer = await makeLayer("one");
  const entries = makeLegacyEntries({ layers: [layer] });
  const without = (name: RegExp): TarEntry[] =>
    entries.filter(({ header }) => !name.test(header.name));
  await assert.rejects(readImage(await open(t, without(/layer\.tar$/))), {
    code: "not_found",
    message: /app\.tar: the layer ".*\/layer\.tar" is missing$/,
  });
  await assert.rejects(
    readImage(
      await open(
        t,
        without(/^\w+\.json$/).concat(
          entries.slice(-1),
        ),
      ),
    ),
    { code: "not_found", message: /app\.tar: the config "\w+\.json" is missing$/ },
  );
  const other = await makeLayer("two");
  const wrong = makeLegacyEntries({ layers: [layer], config: makeConfig([other]) });
  await assert.rejects(readImage(await open(t, wrong)), {
    code: "integrity",
    message: new RegExp(
      `app\\.tar: the layer ".*layer\\.tar" has diff_id ${digestOf(layer)}, ` +
        `expected ${digestOf(other)} by the config$`,
    ),
  });
  const few = makeLegacyEntries({ layers: [layer], config: makeConfig([]) });
  await assert.rejects(readImage(await open(t, few)), {
    code: "integrity",
    message: /has 0 diff_ids, expected one for each of 1 layers$/,
  });
});

test("openDockerArchive() rejects an uncompressed layer with a wrong diff_id when it is read", async (t) => {
  const wrong = makeLegacyEntries({
    layers: [await makeLayer("one")],
    config: makeConfig([await makeLayer("two")]),
  });
  const source = await open(t, wrong, { compress: "none" });
  const [layer] = (await readImage(source)).layers;
  assert.ok(layer);
  const message = /layer\.tar": its bytes have digest/;
  await assert.rejects(readBlob(source, layer), { code: "integrity", message });
});

test("openDockerArchive() rejects an archive without a valid manifest.json", async (t) => {
  const noManifest = open(t, [file("a", jsonOf(1))]);
  await assert.rejects(noManifest, { code: "unsupported", message: /it has no manifest\.json/ });
  await assert.rejects(open(t, [file("manifest.json", jsonOf({}))]), {
    code: "unsupported",
    message: /app\.tar: "manifest\.json": /,
  });
  const index = { schemaVersion: 2, manifests: [] };
  const layout = open(t, [file("index.json", jsonOf(index))]);
  await assert.rejects(layout, (error: Error & { hint?: string }) => {
    assert.match(error.hint ?? "", /use oci-archive:/);
    return true;
  });
});

interface SavedImage {
  readonly manifest: Bytes;
  readonly entries: TarEntry[];
}

/** The entries of `docker save` since version 25: an OCI layout with a `manifest.json`. */
async function makeSaved(index?: (manifest: Descriptor) => Bytes): Promise<SavedImage> {
  const layer = await makeLayer("one");
  const config = makeConfig([layer]);
  const manifest = jsonOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptorOf(CONFIG, config),
    layers: [descriptorOf(LAYER, layer)],
  });
  const descriptor = descriptorOf(OCI_MANIFEST, manifest);
  const platforms = index?.(descriptor);
  const annotations = {
    "io.containerd.image.name": "docker.io/library/app:1",
    "org.opencontainers.image.ref.name": "1",
  };
  const root = platforms ? descriptorOf(OCI_INDEX, platforms) : descriptor;
  const blob = (bytes: Bytes): TarEntry => file(`blobs/sha256/${hexOf(bytes)}`, bytes);
  const legacy = {
    Config: `blobs/sha256/${hexOf(config)}`,
    RepoTags: ["app:1"],
    Layers: [`blobs/sha256/${hexOf(layer)}`],
  };
  return {
    manifest,
    entries: [
      ...[layer, config, manifest, ...(platforms ? [platforms] : [])].map(blob),
      file("index.json", jsonOf({ schemaVersion: 2, manifests: [{ ...root, annotations }] })),
      file("manifest.json", jsonOf([legacy])),
      file("oci-layout", jsonOf({ imageLayoutVersion: "1.0.0" })),
    ],
  };
}

test("openDockerArchive() keeps the manifest of an archive that is an OCI layout", async (t) => {
  const { manifest, entries } = await makeSaved();
  for (const options of [{}, { image: "app", compress: "gzip" }] as const) {
    const source = await open(t, entries, options);
    const image = await readImage(source, options.image ? "1" : "latest");
    assert.equal(image.digest, digestOf(manifest));
    const [layer] = image.layers;
    assert.ok(layer);
    assert.equal(digestOf(await readBlob(source, layer)), layer.digest);
  }
});

test("openDockerArchive() takes the saved platform of an index with others that are not saved", async (t) => {
  const missing = descriptorOf(OCI_MANIFEST, jsonOf({}));
  const { manifest, entries } = await makeSaved((descriptor) =>
    jsonOf({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [missing, descriptor] })
  );
  const source = await open(t, entries, { image: "app" });
  assert.equal((await readImage(source, "1")).digest, digestOf(manifest));

  const complete = await makeSaved((descriptor) =>
    jsonOf({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [descriptor] })
  );
  const whole = await open(t, complete.entries, { image: "app" });
  assert.equal((await whole.resolveManifest("1"))?.mediaType, OCI_INDEX);
});

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
