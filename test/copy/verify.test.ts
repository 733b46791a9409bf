import assert from "node:assert/strict";
import { test } from "node:test";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

const REFERRER = { artifactType: "application/x.test", payload: "signed" };

test("verify() finds a copy equal, fetches no blob and counts manifests and blobs", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const index = await putIndex(source, "app", { platforms: ["linux/amd64"], tag: "1" });
  await putReferrer(source, "app", index.descriptor, REFERRER);
  await putCosignSignature(source, "app", index.descriptor.digest);
  await engine.copy(requestOf(pair));
  source.clearRequests();
  destination.clearRequests();
  const result = await engine.verify(requestOf(pair));
  assert.deepEqual(result.differences, []);
  assert.equal(result.equal, true);
  assert.deepEqual(result.checked, { manifests: 2, blobs: 7, referrers: 2 });
  for (const registry of [source, destination]) {
    assert.equal(registry.count({ method: "GET", path: "/blobs/" }), 0);
    assert.equal(registry.requests.every(({ method }) => /^(GET|HEAD)$/.test(method)), true);
  }
});

test("verify() names a blob that is missing", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { layers } = await putImage(source, "app", { tag: "1" });
  const what = layers[0]?.digest ?? "";
  await engine.copy(requestOf(pair));
  destination.fail({ method: "HEAD", path: `/blobs/${what}`, action: { status: 404 } });
  const { equal, differences } = await engine.verify(requestOf(pair));
  assert.equal(equal, false);
  assert.deepEqual(differences, [{ kind: "blob", what, state: "missing" }]);
});

test("verify() counts a referrer and a digest tag as missing if the destination lacks their blobs", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const broken = await putReferrer(source, "app", descriptor, REFERRER);
  await putReferrer(source, "app", descriptor, { ...REFERRER, payload: "another" });
  const { tag } = await putCosignSignature(source, "app", descriptor.digest);
  await engine.copy(requestOf(pair));
  for (const name of [broken.descriptor.digest, tag]) {
    const { bytes } = source.getManifest("app", name)!;
    const { layers } = JSON.parse(new TextDecoder().decode(bytes));
    const path = `/blobs/${layers[0].digest}`;
    destination.fail({ method: "HEAD", path, action: { status: 404 } });
  }
  const { state, referrerState } = await engine.verify(requestOf(pair));
  assert.equal(state, "incomplete");
  assert.deepEqual(
    referrerState?.kinds.map(({ kind, missing, expected }) => [kind, missing, expected]),
    [
      ["signature", 1, 1],
      ["other", 1, 2],
    ],
  );
});

test("verify() names a referrer that is missing, and a digest tag", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const request = { ...requestOf(pair), referrers: false, digestTags: false };
  await engine.copy(request);
  const referrer = await putReferrer(source, "app", descriptor, REFERRER);
  const { tag } = await putCosignSignature(source, "app", descriptor.digest);
  const { equal, differences } = await engine.verify(requestOf(pair));
  assert.equal(equal, false);
  const found = differences.filter(({ kind }) => kind !== "blob");
  assert.deepEqual(found, [
    {
      kind: "referrer",
      what: referrer.descriptor.digest,
      referrerKind: "other",
      state: "missing",
    },
    { kind: "digest-tag", what: tag, referrerKind: "signature", state: "missing" },
  ]);
  const options = { referrers: false, digestTags: false };
  assert.equal((await engine.verify({ ...requestOf(pair), ...options })).equal, true);
});

for (const index of ["rebuild", "sparse", "unwrap"] as const) {
  test(`verify() finds a copy of one platform with index ${index} equal`, async () => {
    await using pair = await startPair({ destination: { strictManifests: false } });
    const { source, engine } = pair;
    const platforms = ["linux/amd64", "linux/arm64"];
    const { descriptor, images } = await putIndex(source, "app", { platforms, tag: "1" });
    await putReferrer(source, "app", descriptor, REFERRER);
    const [image] = images;
    if (image) await putCosignSignature(source, "app", image.descriptor.digest);
    const options = { platforms: ["linux/amd64"], index };
    await engine.copy({ ...requestOf(pair), ...options });
    const result = await engine.verify({ ...requestOf(pair), ...options });
    assert.deepEqual(result.differences, []);
    assert.equal(result.equal, true);
    assert.equal(result.checked.manifests, index === "unwrap" ? 1 : 2);
    const others = await engine.verify({
      ...requestOf(pair),
      ...options,
      platforms: ["linux/arm64"],
    });
    assert.equal(others.equal, false);
  });
}

/** Where referrers are, if not beside the image. */
function elsewhereOf(
  { source, destination }: Pair,
): { referrerSource: string; referrerDestination: string } {
  return {
    referrerSource: `${source.host}/signed`,
    referrerDestination: `${destination.host}/kept`,
  };
}

for (const referrers of [true, false]) {
  const api = referrers ? "with the referrers API" : "without";
  test(`verify() compares referrers in repositories of their own, ${api}`, async () => {
    await using pair = await startPair({ source: { referrers }, destination: { referrers } });
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    await putReferrer(source, "app", descriptor, { ...REFERRER, payload: "beside the image" });
    await putCosignSignature(source, "app", descriptor.digest);
    const first = await putReferrer(source, "signed", descriptor, REFERRER);
    await putReferrer(source, "signed", first.descriptor, { ...REFERRER, payload: "deep" });
    const elsewhere = elsewhereOf(pair);
    await engine.copy({ ...requestOf(pair), ...elsewhere });
    source.clearRequests();
    destination.clearRequests();
    const result = await engine.verify({ ...requestOf(pair), ...elsewhere });
    assert.deepEqual(result.differences, []);
    assert.deepEqual(result.checked, { manifests: 1, blobs: 8, referrers: 3 });
    const asked = [...source.requests, ...destination.requests];
    assert.ok(asked.every(({ method }) => /^(GET|HEAD)$/.test(method)));
    assert.equal(source.count({ path: "/app/referrers/" }), 0);
    assert.equal(destination.count({ path: "/app/referrers/" }), 0);
    assert.equal(destination.count({ path: `/app/manifests/${first.descriptor.digest}` }), 0);
  });
}

test("verify() reports missing content in the repositories of referrers, and no other", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await engine.copy(requestOf(pair));
  const { descriptor: { digest }, layers, config } = await putReferrer(
    source,
    "signed",
    descriptor,
    REFERRER,
  );
  // What the image's own repository has does not count.
  await putReferrer(destination, "app", descriptor, REFERRER);
  const elsewhere = elsewhereOf(pair);
  const { differences } = await engine.verify({ ...requestOf(pair), ...elsewhere });
  const blobs = [config, ...layers].map(({ digest }) => digest).sort();
  assert.deepEqual(differences.filter(({ kind }) => kind !== "blob"), [
    { kind: "referrer", what: digest, referrerKind: "other", state: "missing" },
  ]);
  const missing = differences.filter(({ kind }) => kind === "blob").map(({ what }) => what);
  assert.deepEqual(missing.sort(), blobs);
  const { referrerSource } = elsewhere;
  assert.equal((await engine.verify({ ...requestOf(pair), referrerSource })).equal, true);
  const options = { ...elsewhere, referrers: false };
  assert.equal((await engine.verify({ ...requestOf(pair), ...options })).equal, true);
});

test("verify() sends the same requests if the repositories of referrers are the image's own", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await putReferrer(source, "app", descriptor, REFERRER);
  await engine.copy(requestOf(pair));
  const own = {
    referrerSource: `${source.host}/app`,
    referrerDestination: `${destination.host}/app`,
  };
  const asked: string[][] = [];
  for (const options of [{}, own]) {
    source.clearRequests();
    destination.clearRequests();
    assert.equal((await engine.verify({ ...requestOf(pair), ...options })).equal, true);
    const all = [...source.requests, ...destination.requests];
    asked.push(all.map(({ method, path }) => `${method} ${path}`).sort());
  }
  assert.deepEqual(asked[0], asked[1]);
});

test("verify() reports the image that the tag has instead", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const before = await putImage(source, "app", { tag: "1" });
  await engine.copy(requestOf(pair));
  const after = await putImage(source, "app", { tag: "1", seed: 2 });
  await engine.copy({ source: `${source.host}/app:1`, destination: `${destination.host}/app:2` });
  const { equal, differences } = await engine.verify(requestOf(pair));
  assert.equal(equal, false);
  assert.deepEqual(differences, [{
    kind: "tag",
    what: "1",
    state: "different",
    wanted: after.descriptor.digest,
    found: before.descriptor.digest,
  }]);
});

test("inspect() shows the tree, its platforms, configs and referrers", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const platforms = ["linux/amd64", "linux/arm/v7"];
  const { descriptor, images } = await putIndex(source, "app", { platforms, tag: "1" });
  const referrer = await putReferrer(source, "app", descriptor, REFERRER);
  const cosign = await putCosignSignature(source, "app", descriptor.digest);
  const { reference, root, totalBytes } = await engine.inspect(`${source.host}/app:1`);
  assert.equal(reference, `${source.host}/app:1@${descriptor.digest}`);
  assert.equal(root.kind, "index");
  assert.deepEqual(root.manifests.map(({ platform }) => platform), platforms);
  assert.deepEqual(
    root.manifests.map((node) => node.layers.map(({ digest }) => digest)),
    images.map(({ layers }) => layers.map(({ digest }) => digest)),
  );
  const config = root.manifests[1]?.config?.content as Record<string, unknown>;
  assert.equal(config.architecture, "arm");
  assert.deepEqual(root.referrers.map(({ digest }) => digest), [referrer.descriptor.digest]);
  assert.deepEqual(root.digestTags, [{ tag: cosign.tag, digest: cosign.descriptor.digest }]);
  const blobs = images.flatMap(({ config, layers }) => [config, ...layers]);
  const sizes = new Map(blobs.map(({ digest, size }) => [digest, size]));
  assert.equal(totalBytes, [...sizes.values()].reduce((sum, size) => sum + size, 0));
  const read = source.requests.filter((r) => r.method === "GET" && r.path.includes("/blobs/"));
  assert.equal(read.length, 2);
});

test("inspect() of a missing image fails with not_found", async () => {
  await using pair = await startPair();
  await assert.rejects(pair.engine.inspect(`${pair.source.host}/app:1`), { code: "not_found" });
});

for (const tag of [":1", ""]) {
  test(`verify() compares the digest of the destination app${tag}@sha256:…`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    const other = await putImage(destination, "app", { seed: 2 });
    await engine.copy(requestOf(pair));
    const verify = (digest: string): ReturnType<typeof engine.verify> =>
      engine.verify({
        source: `${source.host}/app:1`,
        destination: `${destination.host}/app${tag}@${digest}`,
      });
    assert.equal((await verify(descriptor.digest)).equal, true);
    const absent = `sha256:${"0".repeat(64)}`;
    assert.deepEqual((await verify(absent)).differences, [
      { kind: "tag", what: absent, state: "missing" },
    ]);
    const { digest } = other.descriptor;
    assert.deepEqual((await verify(digest)).differences, [
      { kind: "tag", what: digest, state: "different", wanted: descriptor.digest, found: digest },
    ]);
  });
}
