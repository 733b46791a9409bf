import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import {
  putCosignSignature,
  putImage,
  putIndex,
  putReferrer,
  randomBytes,
} from "../support/image.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { requestOf, startPair } from "../support/pair.ts";

function sameManifest(a: RunningRegistry, b: RunningRegistry, name: string): void {
  const wanted = a.getManifest("app", name);
  const found = b.getManifest("app", name);
  assert.ok(wanted && found, name);
  assert.deepEqual(found.bytes, wanted.bytes);
  assert.equal(found.mediaType, wanted.mediaType);
}

for (const docker of [false, true]) {
  const kind = docker ? "a Docker manifest list" : "an OCI index";
  test(`copy() copies ${kind} byte for byte, and the tag last`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const platforms = ["linux/amd64", "linux/arm64"];
    const index = await putIndex(source, "app", {
      platforms,
      docker,
      tag: "1",
      layerBytes: 300_000,
    });
    const report = await engine.copy(requestOf(pair));
    sameManifest(source, destination, "1");
    for (const { descriptor, config, layers } of index.images) {
      sameManifest(source, destination, descriptor.digest);
      for (const { digest } of [config, ...layers]) {
        const bytes = await destination.getBlob("app", digest);
        assert.deepEqual(bytes, await source.getBlob("app", digest));
      }
    }
    assert.equal(report.result, "copied");
    assert.equal(report.digest, index.descriptor.digest);
    assert.deepEqual(report.blobs, { streamed: 6, mounted: 0, present: 0, foreign: 0 });
    assert.equal(report.manifests, 3);
    const writes = destination.requests.filter(({ method }) => !/^(GET|HEAD)$/.test(method));
    assert.match(writes.at(-1)?.path ?? "", /\/manifests\/1$/);
    assert.equal(destination.count({ method: "PUT", path: /\/manifests\/1$/ }), 1);
  });
}

test("copy() copies an index within an index", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const inner = await putIndex(source, "app", { platforms: ["linux/amd64"] });
  const outer = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [inner.descriptor] };
  await source.putManifest("app", outer, OCI_INDEX, ["1"]);
  await engine.copy(requestOf(pair));
  sameManifest(source, destination, "1");
  sameManifest(source, destination, inner.descriptor.digest);
  assert.ok(inner.images[0]);
  sameManifest(source, destination, inner.images[0].descriptor.digest);
});

test("copy() copies an artifact manifest with its blobs", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const blob = await source.putBlob("app", new TextEncoder().encode("artifact"));
  const mediaType = "application/vnd.oci.artifact.manifest.v1+json";
  const blobs = [{ mediaType: "text/plain", ...blob }];
  await source.putManifest("app", { mediaType, artifactType: "a/b", blobs }, mediaType, ["1"]);
  await engine.copy(requestOf(pair));
  sameManifest(source, destination, "1");
  assert.ok(destination.hasBlob("app", blob.digest));
});

test("copy() sends M+B requests to the source and 2B+M+1 to the destination, then 1 to each", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 8 });
  const request = { ...requestOf(pair), referrers: false, digestTags: false };
  const first = await engine.copy(request);
  // One manifest, nine blobs.
  assert.deepEqual(first.requests, { source: 1 + 9, destination: 2 * 9 + 1 + 1 });
  assert.equal(source.count(), 10);
  assert.equal(destination.count(), 20);
  const again = await engine.copy(request);
  assert.equal(again.result, "unchanged");
  assert.deepEqual(again.requests, { source: 1, destination: 1 });
});

test("copy() mounts each blob of another repository by one request", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 8 });
  const report = await engine.copy({
    source: `${source.host}/app:1`,
    destination: `${source.host}/copy`,
    referrers: false,
    digestTags: false,
  });
  assert.deepEqual(report.blobs, { streamed: 0, mounted: 9, present: 0, foreign: 0 });
  assert.equal(source.count(), 12);
  assert.equal(source.count({ method: "GET", path: "/blobs/" }), 0);
});

test("copy() of an update sends only the new blobs", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const before = await putIndex(source, "app", { platforms: ["linux/amd64"], tag: "1" });
  await engine.copy(requestOf(pair));
  const fresh = await putImage(source, "app", { platform: "linux/arm64", seed: 7 });
  assert.ok(before.images[0]);
  const old = before.images[0].descriptor;
  const manifests = [old, fresh.descriptor];
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", index, OCI_INDEX, ["1"]);
  source.clearRequests();
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.blobs.streamed, 3);
  assert.equal(source.count({ path: `/manifests/${old.digest}` }), 0);
  sameManifest(source, destination, "1");
});

test("copy() skips, rejects or moves a tag of another image", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const wanted = await putImage(source, "app", { tag: "1", seed: 1 });
  const there = await putImage(destination, "app", { tag: "1", seed: 2 });
  const request = requestOf(pair);
  assert.equal((await engine.copy({ ...request, ifExists: "skip" })).result, "skipped");
  await assert.rejects(engine.copy({ ...request, ifExists: "fail" }), {
    code: "conflict",
    side: "destination",
  });
  assert.equal(destination.getManifest("app", "1")?.digest, there.descriptor.digest);
  assert.equal(destination.count({ method: "PUT" }) + destination.count({ method: "POST" }), 0);
  assert.equal((await engine.copy({ ...request, ifExists: "overwrite" })).result, "copied");
  assert.equal(destination.getManifest("app", "1")?.digest, wanted.descriptor.digest);
});

test("copy() keeps the sha512 digest of a manifest in an index", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const image = await putImage(source, "app");
  const bytes = source.getManifest("app", image.descriptor.digest)?.bytes;
  assert.ok(bytes);
  const digest = `sha512:${createHash("sha512").update(bytes).digest("hex")}` as const;
  const response = await fetch(`http://${source.host}/v2/app/manifests/${digest}`, {
    method: "PUT",
    headers: { "content-type": OCI_MANIFEST },
    body: bytes,
  });
  assert.equal(response.status, 201);
  await response.body?.cancel();
  const manifests = [{ ...image.descriptor, digest }];
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", index, OCI_INDEX, ["1"]);
  await engine.copy(requestOf(pair));
  sameManifest(source, destination, digest);
});

test("copy() with recheck copies the missing content of an image that is there", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor, layers } = await putImage(source, "app", { tag: "1" });
  const { bytes, mediaType } = source.getManifest("app", "1") ?? assert.fail();
  await destination.putManifest("app", bytes, mediaType, ["1"]);
  assert.equal((await engine.copy(requestOf(pair))).result, "unchanged");
  assert.equal(destination.hasBlob("app", layers[0]?.digest ?? ""), false);
  const report = await engine.copy({ ...requestOf(pair), recheck: true });
  assert.deepEqual([report.result, report.digest], ["copied", descriptor.digest]);
  assert.equal(report.blobs.streamed, 3);
  for (const layer of layers) assert.equal(destination.hasBlob("app", layer.digest), true);
  const again = await engine.copy({ ...requestOf(pair), recheck: true, ifExists: "fail" });
  assert.deepEqual([again.blobs.streamed, again.blobs.present], [0, 3]);
});

/** Puts a cache of BuildKit: an index of layers and a config, which are blobs. */
async function putCache(
  registry: RunningRegistry,
  others: readonly Descriptor[] = [],
): Promise<string[]> {
  const types = [
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.buildkit.cacheconfig.v0",
  ];
  const blobs = await Promise.all(types.map(async (mediaType, i) => ({
    mediaType,
    ...await registry.putBlob("app", randomBytes(1000, i)),
  })));
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...blobs, ...others] };
  await registry.putManifest("app", index, OCI_INDEX, ["1"]);
  return blobs.map(({ digest }) => digest);
}

test("copy(), verify() and inspect() read the entries of a BuildKit cache as blobs", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const blobs = await putCache(source);
  const report = await engine.copy(requestOf(pair));
  assert.deepEqual([report.blobs.streamed, report.manifests], [3, 1]);
  sameManifest(source, destination, "1");
  assert.deepEqual(destination.blobs("app").sort(), blobs.sort());
  for (const digest of blobs) assert.equal(source.count({ path: `/manifests/${digest}` }), 0);
  const verification = await engine.verify(requestOf(pair));
  assert.deepEqual([verification.equal, verification.checked.blobs], [true, 3]);
  const { root, totalBytes } = await engine.inspect(requestOf(pair).source);
  assert.deepEqual(root.layers.map(({ digest }) => digest).sort(), blobs.sort());
  assert.equal(totalBytes, 3000);
});

test("copy() of one platform keeps the blobs that the index lists", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor, images } = await putIndex(source, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
  });
  const bytes = source.getManifest("app", descriptor.digest)?.bytes;
  const { manifests } = JSON.parse(new TextDecoder().decode(bytes));
  const blobs = await putCache(source, manifests);
  const report = await engine.copy({ ...requestOf(pair), platforms: ["linux/amd64"] });
  const rebuilt = destination.getManifest("app", report.digest)?.bytes;
  const entries = JSON.parse(new TextDecoder().decode(rebuilt)).manifests;
  assert.deepEqual(entries.map(({ digest }: Descriptor) => digest), [
    ...blobs,
    images[0]?.descriptor.digest,
  ]);
  for (const digest of blobs) assert.ok(destination.hasBlob("app", digest));
});

test("copy() within a repository puts one tag and fetches no blob", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const index = await putIndex(source, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
    tag: "1",
  });
  await putReferrer(source, "app", index.descriptor, { artifactType: "a/b", payload: "x" });
  await putCosignSignature(source, "app", index.descriptor.digest);
  const request = { source: `${source.host}/app:1`, destination: `${source.host}/app:2` };
  source.clearRequests();
  const report = await engine.copy(request);
  assert.equal(source.getManifest("app", "2")?.digest, index.descriptor.digest);
  assert.equal(report.result, "copied");
  const requests = source.requests.map(({ method, path }) => `${method} ${path}`).sort();
  assert.deepEqual(requests, [
    "GET /v2/app/manifests/1",
    "HEAD /v2/app/manifests/2",
    "PUT /v2/app/manifests/2",
  ]);
});

test("copy() of a platform within a repository puts the rebuilt index alone", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const platforms = ["linux/amd64", "linux/arm64"];
  const { images } = await putIndex(source, "app", { platforms, tag: "1" });
  const request = { source: `${source.host}/app:1`, platforms: ["linux/arm64"] };
  source.clearRequests();
  await engine.copy({ ...request, destination: `${source.host}/app:2` });
  assert.equal(source.count({ path: "/blobs/" }), 0);
  assert.equal(source.count({ method: "PUT" }), 1);
  const rebuilt = new TextDecoder().decode(source.getManifest("app", "2")?.bytes);
  const entries: Descriptor[] = JSON.parse(rebuilt).manifests;
  assert.deepEqual(entries.map(({ digest }) => digest), [images[1]?.descriptor.digest]);
  source.clearRequests();
  await engine.copy({ ...request, destination: `${source.host}/app:3`, index: "unwrap" });
  assert.equal(source.getManifest("app", "3")?.digest, images[1]?.descriptor.digest);
  assert.equal(source.count({ path: "/blobs/" }), 0);
  assert.equal(source.count({ method: "PUT" }), 1);
});
