import assert from "node:assert/strict";
import { test } from "node:test";
import { startPair } from "../../support/pair.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../../support/image.ts";
import { appRule, clear, putTags, resultsOf, run } from "./setup.ts";

test("runRule() copies new referrers and digest tags of an image in step, unless fastCheck is set", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const more = ", referrers: true, digestTags: true";
  await run(appRule(pair, more), pair);
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  await putReferrer(pair.source, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  await putCosignSignature(pair.source, "app", descriptor.digest);
  const fast = await run(appRule(pair, `${more}, tags: {allow: ['1']}, fastCheck: true`), pair);
  assert.deepEqual(resultsOf(fast), ["app:1 unchanged"]);
  const dry = await run(appRule(pair, `${more}, tags: {allow: ['1']}`), pair, { dryRun: true });
  assert.deepEqual(resultsOf(dry), ["app:1 would-copy"]);
  const full = await run(appRule(pair, `${more}, tags: {allow: ['1']}`), pair);
  assert.deepEqual(resultsOf(full), ["app:1 copied"]);
  assert.equal(full.tags[0]?.report?.referrers, 2);
  const again = await run(appRule(pair, `${more}, tags: {allow: ['1']}`), pair);
  assert.deepEqual(resultsOf(again), ["app:1 unchanged"]);
});

for (const [api, where] of [[true, "/referrers/"], [false, "/manifests/sha256-"]] as const) {
  const source = api ? "with the API of referrers" : "without it";
  test(`runRule() lists the referrers of an index in step and of each image, at a source ${source}`, async () => {
    await using pair = await startPair({ source: { referrers: api } });
    await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
    const rule = appRule(pair, ", referrers: true");
    await run(rule, pair);
    clear(pair);
    const { requests } = await run(rule, pair);
    assert.equal(pair.source.count({ method: "GET", path: where }), 3);
    assert.deepEqual(requests, { source: 5, destination: 2 });
    const plain = await run(appRule(pair), pair);
    const fast = await run(appRule(pair, ", referrers: true, fastCheck: true"), pair);
    assert.deepEqual([plain.requests, fast.requests], [
      { source: 2, destination: 1 },
      { source: 2, destination: 1 },
    ]);
  });
}
