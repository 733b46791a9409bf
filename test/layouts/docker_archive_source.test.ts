import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import { packTar } from "modern-tar";
import type { TarEntry } from "modern-tar";
import { openDockerArchive } from "../../src/layouts/docker_archive_source.ts";
import type { DockerArchiveOptions } from "../../src/layouts/docker_archive_source.ts";
import type { LayoutSource } from "../../src/layouts/layout_content.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import type { Bytes } from "./docker_archive_content.ts";
import {
  CONFIG,
  descriptorOf,
  digestOf,
  file,
  hexOf,
  jsonOf,
  LAYER,
  makeConfig,
  makeLayer,
  readImage,
} from "./docker_archive_content.ts";
import { makeFolder } from "./setup.ts";

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
  const exact = await open(t, entries, { image: "app", isExact: true });
  assert.equal(await exact.resolveManifest("3"), undefined);
  assert.equal(await digestBy("app", `sha256-${"0".repeat(64)}.sig`), undefined);
  await assert.rejects(digestBy("app", "3"), {
    code: "not_found",
    message: /app\.tar: it has no image "app:3"; it has @0 \("app:1", .*\), @1 /,
  });
  const message =
    /app\.tar: it has 2 images: @0 \("app:1", "docker\.io\/library\/app:2"\), @1 \("example\.com\/app:1"\)$/;
  await assert.rejects(digestBy(undefined), { code: "usage", message });
  await assert.rejects(digestBy("@2"), {
    code: "not_found",
    message: /it has no image @2; it has @0/,
  });
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
