import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putImage } from "../support/image.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

function putIndexOf(source: RunningRegistry, manifests: Descriptor[]): Promise<Descriptor> {
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  return source.putManifest("app", index, OCI_INDEX, ["1"]);
}

function hasWrites({ requests }: RunningRegistry): boolean {
  return requests.some(({ method }) => !/^(GET|HEAD)$/.test(method));
}

test("copy() accepts 8 levels of indexes and rejects 9, and writes nothing", async () => {
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

test("copy() rejects an index of more than 10,000 manifests and writes nothing", async () => {
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

test("copy() rejects a manifest above 4 MiB and writes nothing", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { config, layers } = await putImage(source, "app");
  const annotations = { filler: "x".repeat(4 * 1024 * 1024) };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers, annotations };
  await source.putManifest("app", manifest, OCI_MANIFEST, ["1"]);
  await assert.rejects(engine.copy(requestOf(pair)), { code: "limit", side: "source" });
  assert.equal(hasWrites(destination), false);
});

test("copy() rejects a blob with two sizes in two manifests", async () => {
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

const MIB = 1024 * 1024;

/** An entry of an index that states a manifest of 4 MiB. */
function largeEntry(i: number): Descriptor {
  const digest = `sha256:${i.toString(16).padStart(64, "0")}` as const;
  return { mediaType: OCI_MANIFEST, digest, size: 4 * MIB };
}

/** A manifest of nearly 4 MiB. */
async function putLargeManifest(
  source: RunningRegistry,
  i: number,
  subject?: Descriptor,
): Promise<Descriptor> {
  const { config } = await putImage(source, "app", { layers: 0 });
  const annotations = { filler: `${i}`.padEnd(4 * MIB - 2000, "x") };
  const image = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [], annotations };
  return await source.putManifest(
    "app",
    { ...image, ...(subject ? { subject } : {}) },
    OCI_MANIFEST,
  );
}

/** All operations that read the tree of an image. */
const READERS = ["copy", "plan", "inspect", "verify"] as const;

function readWith(name: typeof READERS[number], pair: Pair): Promise<unknown> {
  const request = requestOf(pair);
  const { engine } = pair;
  return name === "inspect" ? engine.inspect(request.source) : engine[name](request);
}

test("copy(), plan(), inspect() and verify() read no child of an index whose manifests exceed 64 MiB", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  await putIndexOf(source, Array.from({ length: 300 }, (_, i) => largeEntry(i)));
  for (const name of READERS) {
    const message = /read manifests of .*\/app: more than 67108864 bytes/;
    await assert.rejects(readWith(name, pair), { code: "limit", message });
  }
  assert.equal(source.count({ path: "/manifests/sha256:" }), 0);
  assert.equal(hasWrites(destination), false);
});

test("copy() counts a manifest that an index lists twice once", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const child = await putLargeManifest(source, 0);
  await putIndexOf(source, Array.from({ length: 20 }, () => child));
  assert.equal((await engine.copy(requestOf(pair))).result, "copied");
});

test("copy() and verify() hold at most 64 MiB of referrers, inspect() reads none", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const manifests: Descriptor[] = [];
  for (let i = 0; i < 17; i++) manifests.push(await putLargeManifest(source, i, descriptor));
  const body = JSON.stringify({ schemaVersion: 2, manifests });
  source.fail({ path: "/referrers/", times: 1000, action: { status: 200, body } });
  await readWith("inspect", pair);
  for (const name of ["copy", "verify"] as const) {
    await assert.rejects(readWith(name, pair), {
      code: "limit",
      side: "source",
      message: /read referrers in .*\/app: more than 67108864 bytes/,
    });
  }
  assert.equal(source.count({ path: "/manifests/sha256:" }), 0);
  assert.equal(hasWrites(destination), false);
});

test("copy() reads no referrer that is larger than its list states", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const manifests = [{ ...await putLargeManifest(source, 1, descriptor), size: 100 }];
  const body = JSON.stringify({ schemaVersion: 2, manifests });
  source.fail({ path: "/referrers/", times: 1000, action: { status: 200, body } });
  const message = /the response is larger than 100 bytes, the size that its descriptor states/;
  await assert.rejects(readWith("copy", pair), { code: "integrity", side: "source", message });
  assert.equal(hasWrites(destination), false);
});

test("copy() and inspect() hold at most 64 MiB of annotations of referrers", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  await putImage(source, "app", { tag: "1" });
  let pages = 0;
  const tamper = (): Response => {
    const annotations = { filler: "x".repeat(4 * MIB - 2000) };
    const manifests = [{ ...largeEntry(++pages), annotations }];
    const headers = { link: `<?page=${pages}>; rel="next"` };
    return Response.json({ schemaVersion: 2, manifests }, { headers });
  };
  source.fail({ path: "/referrers/", times: 1000, action: { tamper } });
  for (const name of ["copy", "inspect"] as const) {
    await assert.rejects(readWith(name, pair), {
      code: "limit",
      side: "source",
      message: /67108864 bytes/,
    });
  }
  assert.ok(pages <= 2 * 17, `${pages} pages`);
  assert.equal(hasWrites(destination), false);
});

test("inspect() holds at most 64 MiB of configs", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const mediaType = "application/vnd.oci.image.config.v1+json";
  const entries: Descriptor[] = [];
  // Two bytes of JSON for each array, which needs some 50 bytes in memory.
  for (let i = 0; i < 3; i++) {
    const text = `[${"[],".repeat(500_000 + i)}0]`;
    const blob = await source.putBlob("app", new TextEncoder().encode(text));
    const config = { mediaType, ...blob };
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [] };
    entries.push(await source.putManifest("app", manifest, OCI_MANIFEST));
  }
  await putIndexOf(source, entries.slice(0, 1));
  const { root } = await engine.inspect(`${source.host}/app:1`);
  assert.ok(Array.isArray(root.manifests[0]?.config?.content));
  await putIndexOf(source, entries);
  const message = /inspect .*\/app: more than 67108864 bytes/;
  const inspecting = engine.inspect(`${source.host}/app:1`);
  await assert.rejects(inspecting, { code: "limit", side: "source", message });
});
