import assert from "node:assert/strict";
import { test } from "node:test";
import { startPair } from "../support/pair.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";

test("Batch.open().compare() returns the state of a destination, and a copy only if one is needed", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const request = {
    source: `${source.host}/app:1`,
    destination: `${destination.host}/app:1`,
    referrers: false,
    digestTags: false,
  };
  const missing = await engine.batch().open(request.source).compare(request);
  assert.equal(missing.state, "missing");
  assert.deepEqual([missing.digest, missing.current], [descriptor.digest, undefined]);
  const report = await missing.copy?.();
  assert.equal(report?.result, "copied");
  const inStep = await engine.batch().open(request.source).compare(request);
  assert.deepEqual([inStep.state, inStep.copy], ["in-step", undefined]);
  const { descriptor: next } = await putImage(source, "app", { tag: "1", seed: 2 });
  const behind = await engine.batch().open(request.source).compare(request);
  assert.equal(behind.state, "behind");
  assert.deepEqual([behind.digest, behind.current], [next.digest, descriptor.digest]);
});

test("Batch.open().compare() resolves an image that is pinned by its digest", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await putImage(source, "app", { tag: "1", seed: 2 });
  const pinned = `${source.host}/app:1@${descriptor.digest}`;
  const request = { source: pinned, destination: `${destination.host}/app:1` };
  const prospect = await engine.batch().open(pinned).compare(request);
  assert.equal(prospect.digest, descriptor.digest);
  await prospect.copy?.();
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
});

test("Batch.open().compare() of some platforms returns the digest of the rebuilt index", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putIndex(source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  const request = {
    source: `${source.host}/app:1`,
    destination: `${destination.host}/app:1`,
    platforms: ["linux/arm64"],
  };
  const report = await engine.copy(request);
  const prospect = await engine.batch().open(request.source).compare(request);
  assert.deepEqual([prospect.state, prospect.digest], ["in-step", report.digest]);
});

test("Batch rejects another source than the opened one, and the deletion of a digest", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const batch = engine.batch();
  const destinationName = `${destination.host}/app`;
  await assert.rejects(
    batch.open(`${source.host}/app:1`)
      .compare({ source: `${source.host}/app:2`, destination: destinationName }),
    { name: "ParseError", message: /expected the opened image/ },
  );
  await assert.rejects(batch.deleteTag(destinationName), /expected a tag/);
  await assert.rejects(
    batch.deleteTag(`${destinationName}@sha256:${"a".repeat(64)}`),
    /expected a tag/,
  );
  assert.deepEqual(batch.requests, { source: 0, destination: 0 });
});

test("Batch.open().compare() reads referrers of another repository once for all destinations", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const options = { artifactType: "a/b", payload: "signed" };
  const referrer = await putReferrer(source, "signed", descriptor, options);
  const batch = engine.batch();
  const image = batch.open(`${source.host}/app:1`);
  for (const name of ["one", "two"]) {
    const prospect = await image.compare({
      source: `${source.host}/app:1`,
      destination: `${destination.host}/${name}:1`,
      referrerSource: `${source.host}/signed`,
      referrerDestination: `${destination.host}/${name}-kept`,
    });
    const report = await prospect.copy?.();
    assert.equal(report?.referrers, 1);
    // What the first destination took is mounted into the second.
    const fates = name === "one" ? [5, 0] : [0, 5];
    assert.deepEqual([report?.blobs.streamed, report?.blobs.mounted], fates);
    assert.ok(destination.getManifest(`${name}-kept`, referrer.descriptor.digest));
  }
  assert.equal(source.count({ path: `/signed/referrers/${descriptor.digest}` }), 1);
  assert.equal(source.count({ path: `/signed/manifests/${referrer.descriptor.digest}` }), 1);
  assert.deepEqual(batch.requests, {
    source: source.requests.length,
    destination: destination.requests.length,
  });
});

test("Batch.open().compare() rejects a target with another digest, and reads its tag", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const name = `${source.host}/app:1`;
  const compare = (digest: string): Promise<{ state: string }> =>
    engine.batch().open(name).compare({
      source: name,
      destination: `${destination.host}/app:1@${digest}`,
    });
  const expected = { code: "integrity", field: "destination" };
  await assert.rejects(compare(`sha256:${"0".repeat(64)}`), expected);
  await destination.putManifest(
    "app",
    source.getManifest("app", "1")?.bytes ?? {},
    descriptor.mediaType,
  );
  assert.equal((await compare(descriptor.digest)).state, "missing");
  assert.equal(destination.count({ method: "PUT" }), 0);
});
