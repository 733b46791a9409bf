import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putImage } from "../support/image.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { requestOf, startPair } from "../support/pair.ts";

function putIndexOf(source: RunningRegistry, manifests: Descriptor[]): Promise<Descriptor> {
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  return source.putManifest("app", index, OCI_INDEX, ["1"]);
}

function hasWrites({ requests }: RunningRegistry): boolean {
  return requests.some(({ method }) => !/^(GET|HEAD)$/.test(method));
}

test("copy() takes indexes 8 deep and refuses 9, with nothing written", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  let { descriptor } = await putImage(source, "app");
  for (let depth = 0; depth < 9; depth++) descriptor = await putIndexOf(source, [descriptor]);
  await assert.rejects(engine.copy(requestOf(pair)), { code: "limit", message: /deeper than 8/ });
  assert.equal(hasWrites(destination), false);
  const image = await putImage(source, "app", { seed: 2 });
  descriptor = image.descriptor;
  for (let depth = 0; depth < 8; depth++) descriptor = await putIndexOf(source, [descriptor]);
  assert.equal((await engine.copy(requestOf(pair))).manifests, 9);
});

test("copy() refuses an index of more than 10,000 manifests, with nothing written", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const entries = Array.from({ length: 10_001 }, (_, i): Descriptor => ({
    mediaType: OCI_MANIFEST,
    digest: `sha256:${i.toString(16).padStart(64, "0")}`,
    size: 100,
  }));
  await putIndexOf(source, entries);
  await assert.rejects(engine.copy(requestOf(pair)), { code: "limit", message: /10000|10,000/ });
  assert.equal(source.count({ path: "/manifests/sha256:" }), 0);
  assert.equal(hasWrites(destination), false);
});

test("copy() refuses a manifest above 4 MiB, with nothing written", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { config, layers } = await putImage(source, "app");
  const annotations = { filler: "x".repeat(4 * 1024 * 1024) };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers, annotations };
  await source.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
  await assert.rejects(engine.copy(requestOf(pair)), { code: "limit", side: "source" });
  assert.equal(hasWrites(destination), false);
});

test("copy() refuses a blob to which two manifests give two sizes", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor, config, layers: [layer] } = await putImage(source, "app", { layers: 1 });
  assert.ok(layer);
  const layers = [{ ...layer, size: layer.size + 1 }];
  const twin = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
  await putIndexOf(source, [descriptor, await source.putManifest("app", twin, OCI_MANIFEST)]);
  await assert.rejects(engine.copy(requestOf(pair)), {
    code: "integrity",
    message: /has 1000 bytes in one manifest and 1001 in another/,
  });
  assert.equal(hasWrites(destination), false);
});
