import assert from "node:assert/strict";
import { test } from "node:test";
import { digestTag } from "../../src/oci/digest_tag.ts";
import { putCosignSignature, putImage, putIndex } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";

test("copy() copies cosign's tags of an image before its tag", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const tags: string[] = [];
  for (const [i, suffix] of (["sig", "att", "sbom"] as const).entries()) {
    const tag = digestTag(descriptor.digest, suffix);
    assert.ok(tag);
    tags.push(tag);
    await putImage(source, "app", { tag, seed: 10 + i });
  }
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.referrers, 3);
  assert.deepEqual(destination.tags("app"), ["1", ...tags].sort());
  for (const tag of tags) {
    const wanted = source.getManifest("app", tag)?.digest;
    assert.equal(destination.getManifest("app", tag)?.digest, wanted);
  }
  const writes = destination.requests.filter(({ method }) => method === "PUT");
  assert.match(writes.at(-1)?.path ?? "", /\/manifests\/1$/);
});

test("copy() copies the signature of an image of an index, and no other signature", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { images } = await putIndex(source, "app", { platforms: ["linux/amd64"], tag: "1" });
  const stranger = await putImage(source, "app", { tag: "2", seed: 9 });
  assert.ok(images[0]);
  const { tag } = await putCosignSignature(source, "app", images[0].descriptor.digest);
  await putCosignSignature(source, "app", stranger.descriptor.digest);
  await engine.copy(requestOf(pair));
  assert.deepEqual(destination.tags("app"), ["1", tag].sort());
});

test("copy() moves a digest tag that has moved at the source, although the image is unchanged", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const { tag } = await putCosignSignature(source, "app", descriptor.digest);
  await engine.copy(requestOf(pair));
  const moved = await putImage(source, "app", { tag, seed: 9 });
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.result, "copied");
  assert.equal(report.manifests, 1);
  assert.equal(destination.getManifest("app", tag)?.digest, moved.descriptor.digest);
  assert.equal((await engine.copy(requestOf(pair))).result, "unchanged");
});

test("copy() without digestTags copies no digest tag", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await putCosignSignature(source, "app", descriptor.digest);
  await engine.copy({ ...requestOf(pair), digestTags: false });
  assert.deepEqual(destination.tags("app"), ["1"]);
  assert.equal(source.count({ path: "/tags/list" }), 0);
});

test("copy() of a second tag succeeds where tags are immutable, digest tags included", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  source.setTag("app", "2", descriptor.digest);
  const { tag } = await putCosignSignature(source, "app", descriptor.digest);
  await engine.copy(requestOf(pair));
  const body = '{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}';
  destination.fail({ method: "PUT", path: tag, times: 9, action: { status: 400, body } });
  const request = { ...requestOf(pair), source: `${source.host}/app:2` };
  assert.equal((await engine.copy(request)).result, "copied");
  assert.deepEqual(destination.tags("app"), ["1", "2", tag].sort());
  await putImage(source, "app", { tag, seed: 9 });
  await assert.rejects(engine.copy({ ...request, destination: `${destination.host}/app:3` }), {
    code: "conflict",
  });
});

for (const status of [400, 403, 500]) {
  test(`copy() warns and goes on if digest tags are answered with ${status}`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    await putCosignSignature(source, "app", descriptor.digest);
    source.fail({ path: "/tags/list", times: 99, action: { status: 403 } });
    source.fail({ path: "/manifests/sha256-", times: 99, action: { status } });
    const { warnings } = await engine.copy(requestOf(pair));
    assert.deepEqual(destination.tags("app"), ["1"]);
    const gaps = warnings.filter((warning) => /may be missing in the copy/.test(warning));
    assert.equal(gaps.length, 1);
    assert.match(gaps[0] ?? "", new RegExp(`${status}`));
    await assert.rejects(engine.verify(requestOf(pair)), { side: "source" });
  });
}
