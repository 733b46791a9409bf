import assert from "node:assert/strict";
import { test } from "node:test";
import { statusOfRule } from "../../src/sync/rule_status.ts";

import type { AdmissionCheck } from "../../src/copy/admission.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { runRuleLocally } from "../../src/sync/local_rules.ts";
import type { RuleStatus } from "../../src/sync/model.ts";
import type { SyncRule } from "../../src/sync/rule.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { putImage, putReferrer } from "../support/image.ts";
import { NOW, ruleOf } from "./setup.ts";

function appRule({ source, destination }: Pair, more = ""): SyncRule {
  return ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${destination.host}/app"${more}}`,
  );
}

function statesOf({ tags }: RuleStatus): string[] {
  return tags.map(({ destination, state }) => `${destination.replace(/^.*:/, "")} ${state}`);
}

test("statusOfRule() reports the state of each tag by one HEAD to each side", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  for (const [i, tag] of ["1", "2", "3"].entries()) await putImage(source, "app", { tag, seed: i });
  const rule = appRule(pair);
  const some = appRule(pair, ", tags: {allow: ['1', '2']}");
  await runRuleLocally(some, { engine, rules: [some], now: () => NOW });
  const inStep = await statusOfRule(appRule(pair, ", tags: {allow: ['1', '2', none]}"), {
    engine,
    rules: [],
    now: () => NOW,
  });
  assert.deepEqual(statesOf(inStep), ["1 in-step", "2 in-step", "none not-found"]);
  assert.equal(inStep.state, "in-step");
  const { descriptor } = await putImage(source, "app", { tag: "2", seed: 9 });
  source.clearRequests();
  destination.clearRequests();
  const status = await statusOfRule(rule, { engine, rules: [], now: () => NOW });
  assert.deepEqual(statesOf(status), ["1 in-step", "2 behind", "3 missing"]);
  assert.equal(status.state, "behind");
  assert.deepEqual(status.requests, { source: 4, destination: 3 });
  assert.deepEqual([source.count({ method: "HEAD" }), destination.count({ method: "HEAD" })], [
    3,
    3,
  ]);
  assert.equal(status.tags[1]?.digest, descriptor.digest);
  assert.equal(status.tags[1]?.current, destination.getManifest("app", "2")?.digest);
});

test("statusOfRule() lists nothing to prune if the admission policy rejects every image, as a run does", async () => {
  const admission: AdmissionCheck = {
    check: (image) =>
      Promise.resolve({
        image,
        digest: parseReference(image).digest!,
        result: "rejected",
        reason: "unsigned",
        requirements: [],
        warnings: [],
      }),
  };
  await using pair = await startPair({ engine: { admission } });
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1" });
  for (const tag of ["1", "old"]) await putImage(destination, "app", { tag, seed: 9 });
  const rule = appRule(pair, ", prune: {maxShare: 1}");
  const options = { engine, rules: [rule], now: () => NOW };
  const status = await statusOfRule(rule, options);
  assert.equal(status.tags[0]?.error?.code, "rejected");
  assert.deepEqual(status.pruned ?? [], []);
  const report = await runRuleLocally(rule, options);
  assert.deepEqual([report.result, report.pruned], ["all-failed", []]);
  assert.deepEqual(destination.tags("app").toSorted(), ["1", "old"]);
});

test("statusOfRule() reports what a run prunes if the rule skips the media type of every image", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  for (const tag of ["1", "2"]) await putImage(source, "app", { tag });
  for (const tag of ["1", "2", "old"]) await putImage(destination, "app", { tag, seed: 9 });
  const rule = appRule(pair, ", mediaTypes: [application/x], prune: {maxShare: 1}");
  const options = { engine, rules: [rule], now: () => NOW };
  const status = await statusOfRule(rule, options);
  const pruned = [{ destination: `${destination.host}/app:old`, result: "would-delete" }];
  assert.deepEqual([status.state, status.pruned], ["behind", pruned]);
  const report = await runRuleLocally(rule, { ...options, dryRun: true });
  assert.deepEqual(report.pruned, pruned);
});

test("statusOfRule() reports errors", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  for (const [i, tag] of ["1", "2"].entries()) await putImage(source, "app", { tag, seed: i });
  source.fail({ path: "/manifests/2", action: { status: 403 }, times: 9 });
  const status = await statusOfRule(appRule(pair), { engine, rules: [], now: () => NOW });
  assert.deepEqual(statesOf(status), ["1 missing", "2 error"]);
  assert.equal(status.state, "error");
  assert.equal(status.tags[1]?.error?.code, "denied");
  source.fail({ path: "/tags/list", action: { status: 403 }, times: 9 });
  const unlisted = await statusOfRule(appRule(pair), { engine, rules: [], now: () => NOW });
  assert.equal(unlisted.state, "error");
  assert.equal(unlisted.tags[0]?.error?.side, "source");
});

test("statusOfRule() compares an image that is to stay, and one that is gone through each time, like any other", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1" });
  await putImage(destination, "app", { tag: "1", seed: 2 });
  const options = { engine, rules: [], now: () => NOW };
  const kept = await statusOfRule(appRule(pair, ", ifExists: fail"), options);
  assert.deepEqual(statesOf(kept), ["1 behind"]);
  const rule = appRule(pair, ", forceRecursive: true");
  await runRuleLocally(rule, { ...options, rules: [rule] });
  assert.deepEqual(statesOf(await statusOfRule(rule, options)), ["1 in-step"]);
});

test("statusOfRule() stops when its signal is aborted", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  const signal = AbortSignal.abort(new Error("enough"));
  await assert.rejects(
    statusOfRule(appRule(pair), { engine: pair.engine, rules: [], now: () => NOW, signal }),
    /enough/,
  );
});

test("statusOfRule() reports names beside a pattern that the source lacks", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  for (const tag of ["v1", "v1x7"]) await putImage(source, "app", { tag });
  const rule = appRule(pair, ", tags: {allow: ['v[0-9]', v1.7, v1.8, none], deny: ['v1x7']}");
  const status = await statusOfRule(rule, { engine, rules: [rule], now: () => NOW });
  assert.deepEqual(statesOf(status), ["v1 missing", "v1.8 not-found", "none not-found"]);
});

for (
  const [maxShare, result, state] of [
    [1, "would-delete", "behind"],
    [0, "held-back", "in-step"],
  ] as const
) {
  test(`statusOfRule() reports tags that prune with maxShare ${maxShare} finds: ${result}`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    await putImage(source, "app", { tag: "1" });
    for (const tag of ["1", "2", "3"]) await putImage(destination, "app", { tag });
    const rule = appRule(pair, `, prune: {maxShare: ${maxShare}, keep: ['3']}`);
    const options = { engine, rules: [rule], now: () => NOW };
    const status = await statusOfRule(rule, options);
    assert.deepEqual(status.pruned, [{ destination: `${destination.host}/app:2`, result }]);
    assert.equal(status.state, state);
    assert.deepEqual(destination.tags("app"), ["1", "2", "3"]);
    assert.equal(
      (await statusOfRule(rule, { ...options, rules: [rule, { ...rule, name: "b" }] })).pruned,
      undefined,
    );
  });
}

test("statusOfRule() tells an image without its new signature from another image, with the requests of a run", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const rule = appRule(pair, ", referrers: true");
  const options = { engine, rules: [rule], now: () => NOW };
  await runRuleLocally(rule, options);
  const signature = await putReferrer(source, "app", descriptor, {
    artifactType: "application/vnd.cncf.notary.signature",
    payload: "{}",
  });
  const missing = { kind: "signature", expected: 1, missing: 1, unavailable: 0 };
  source.clearRequests();
  destination.clearRequests();
  const status = await statusOfRule(rule, options);
  assert.deepEqual([status.state, statesOf(status)], ["behind", ["1 incomplete"]]);
  assert.deepEqual(status.tags[0]?.referrerState, { kinds: [missing] });
  assert.equal(status.tags[0]?.current, undefined);
  // The list of tags, a HEAD, the referrers of the image and of the signature, and the signature; at the target, a HEAD of both.
  assert.deepEqual(status.requests, { source: 5, destination: 2 });
  await runRuleLocally(rule, options);
  const after = await statusOfRule(rule, options);
  assert.deepEqual([after.state, statesOf(after)], ["in-step", ["1 in-step"]]);
  assert.deepEqual(after.tags[0]?.referrerState, { kinds: [{ ...missing, missing: 0 }] });
  const fast = await statusOfRule(appRule(pair, ", referrers: true, fastCheck: true"), options);
  assert.deepEqual([fast.requests, fast.tags[0]?.referrerState], [
    { source: 2, destination: 1 },
    undefined,
  ]);
  assert.notEqual(destination.getManifest("app", signature.descriptor.digest), undefined);
});
