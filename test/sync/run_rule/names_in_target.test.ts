/** Images that have another name in the target than in the source: `targetTag`; and images without a tag: `digests`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pair } from "../../support/pair.ts";
import { startPair } from "../../support/pair.ts";
import { putImage, putReferrer } from "../../support/image.ts";
import type { SyncRule } from "../../../src/sync/rule.ts";
import { ruleOf } from "../setup.ts";
import { putTags, resultsOf, run } from "./setup.ts";

function ruleWith({ source, destination }: Pair, more: string): SyncRule {
  return ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${destination.host}/app", ${more}}`,
  );
}

test("runRule() sets the tags of targetTag, and finds them unchanged again", async () => {
  await using pair = await startPair();
  await putTags(pair, "1.0", "1.1");
  const rule = ruleWith(pair, 'targetTag: "{{ .Source.Tag }}-mirror"');
  assert.deepEqual(resultsOf(await run(rule, pair)), [
    "app:1.0-mirror copied",
    "app:1.1-mirror copied",
  ]);
  assert.deepEqual(pair.destination.tags("app"), ["1.0-mirror", "1.1-mirror"]);
  assert.deepEqual(resultsOf(await run(rule, pair)), [
    "app:1.0-mirror unchanged",
    "app:1.1-mirror unchanged",
  ]);
});

test("runRule() with missing compares the tags of targetTag by two lists", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const rule = ruleWith(pair, 'targetTag: "v{{ .Source.Tag }}"');
  await putImage(pair.destination, "app", { tag: "v2", seed: 7 });
  await putImage(pair.destination, "app", { tag: "3", seed: 8 });
  const report = await run(rule, pair, { missing: true });
  assert.deepEqual(resultsOf(report).sort(), [
    "app:v1 copied",
    "app:v2 unchanged",
    "app:v3 copied",
  ]);
});

test("runRule() copies nothing if targetTag makes one tag of two", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const report = await run(ruleWith(pair, "targetTag: stable"), pair);
  assert.equal(report.result, "all-failed");
  assert.match(report.tags[0]?.error?.message ?? "", /targetTag makes stable of both 1 and 2/);
  assert.deepEqual(pair.destination.tags("app"), []);
  const one = await run(ruleWith(pair, 'targetTag: stable, tags: {allow: ["2"]}'), pair);
  assert.deepEqual(resultsOf(one), ["app:stable copied"]);
});

test("runRule() reports a tag that targetTag makes invalid, and copies nothing", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "x".repeat(120));
  const report = await run(ruleWith(pair, 'targetTag: "{{ .Source.Tag }}-mirrored"'), pair);
  assert.equal(report.result, "all-failed");
  assert.match(report.tags[0]?.error?.message ?? "", /is not a tag/);
  assert.deepEqual(pair.destination.tags("app"), []);
});

test("runRule() copies images by digest, with their referrers, and no tags without a tag set", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  await putImage(pair.source, "app", { tag: "2", seed: 2 });
  await putReferrer(pair.source, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  const rule = ruleWith(pair, `referrers: true, digests: ["${descriptor.digest}"]`);
  assert.deepEqual(resultsOf(await run(rule, pair)), [`app@${descriptor.digest} copied`]);
  assert.deepEqual(pair.destination.tags("app"), []);
  assert.ok(pair.destination.getManifest("app", descriptor.digest));
  assert.equal(pair.source.count({ path: "/tags/list" }), 0);
  assert.deepEqual(resultsOf(await run(rule, pair)), [`app@${descriptor.digest} unchanged`]);
  const report = await run(rule, pair, { missing: true });
  assert.deepEqual(resultsOf(report), [`app@${descriptor.digest} unchanged`]);
});

test("runRule() copies digests besides tags, and reports one that the source lacks", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  await putTags(pair, "2", "3");
  const none = `sha256:${"0".repeat(64)}`;
  const more = `digests: ["${descriptor.digest}", "${none}"], tags: {allow: ["2"]}`;
  const report = await run(ruleWith(pair, `${more}, targetTag: "{{ .Source.Tag }}-m"`), pair);
  assert.deepEqual(resultsOf(report), [
    `app@${descriptor.digest} copied`,
    `app@${none} missing`,
    "app:2-m copied",
  ]);
  const only = { repository: `${pair.source.host}/app`, tag: "3" };
  assert.deepEqual(resultsOf(await run(ruleWith(pair, more), pair, { only })), []);
});
