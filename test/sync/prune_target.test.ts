import assert from "node:assert/strict";
import { test } from "node:test";
import type { RuleReport } from "../../src/sync/rule_report.ts";
import { runRule } from "../../src/sync/run_rule.ts";
import type { RunRuleOptions } from "../../src/sync/run_rule.ts";
import { startPair } from "../copy/setup.ts";
import type { Pair } from "../copy/setup.ts";
import { putImage } from "../support/image.ts";
import { NOW, ruleOf } from "./setup.ts";

/** A source with `1` and `2` and a mirror that has `3` and `4`, too; `2` and `4` are the same image there. */
async function startMirror(options: Parameters<typeof startPair>[0] = {}): Promise<Pair> {
  const pair = await startPair(options);
  for (const [i, tag] of ["1", "2"].entries()) {
    await putImage(pair.source, "app", { tag, seed: i + 1 });
    await putImage(pair.destination, "app", { tag, seed: i + 1 });
  }
  await putImage(pair.destination, "app", { tag: "3", seed: 3 });
  await putImage(pair.destination, "app", { tag: "4", seed: 2 });
  return pair;
}

async function prune(
  { source, destination, engine }: Pair,
  how: string,
  options: Partial<RunRuleOptions> = {},
): Promise<RuleReport> {
  const rule = ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${destination.host}/app", ${how}}`,
  );
  return await runRule(rule, { engine, now: () => NOW, ...options });
}

function prunedOf({ pruned }: RuleReport): string[] {
  return pruned.map(({ destination, result }) =>
    `${destination.replace(/^[^/]*\//, "")} ${result}`
  );
}

const HALF = "prune: {maxShare: 0.5}";

test("runRule() deletes no tag unless its rule says so", async () => {
  await using pair = await startMirror();
  const report = await prune(pair, "tags: {allow: ['.*']}");
  assert.deepEqual(report.pruned, []);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
  assert.equal(pair.destination.count({ path: "/tags/list" }), 0);
});

test("runRule() deletes tags that are no longer selected, and leaves others of their digest", async () => {
  await using pair = await startMirror();
  const report = await prune(pair, HALF);
  assert.deepEqual(prunedOf(report), ["app:3 deleted", "app:4 deleted"]);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2"]);
  assert.ok(pair.destination.getManifest("app", "2"), "2 was the same image as 4");
});

test("runRule() of a dry run says what it would delete", async () => {
  await using pair = await startMirror();
  const report = await prune(pair, HALF, { dryRun: true });
  assert.deepEqual(prunedOf(report), ["app:3 would-delete", "app:4 would-delete"]);
  assert.equal(pair.destination.count({ method: "DELETE" }), 0);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
});

test("runRule() deletes nothing where it would be more than the rule's share", async () => {
  await using pair = await startMirror();
  const report = await prune(pair, "prune: {maxShare: 0.25}");
  assert.deepEqual(report.pruned, []);
  assert.match(report.warnings[0] ?? "", /2 of 4 tags are no longer selected, more than the share/);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
});

test("runRule() keeps what matches a pattern", async () => {
  await using pair = await startMirror();
  assert.deepEqual(prunedOf(await prune(pair, "prune: {keep: ['3'], maxShare: 1}")), [
    "app:4 deleted",
  ]);
});

test("runRule() deletes nothing where the source cannot be listed, lost its tags, or answers nothing", async () => {
  await using pair = await startMirror();
  const fault = pair.source.fail({ path: "/tags/list", action: { status: 403 }, times: 9 });
  assert.equal((await prune(pair, "prune: {maxShare: 1}")).result, "all-failed");
  assert.ok(fault.hits > 0);
  pair.source.clearFaults();
  pair.source.fail({ path: "/manifests/", action: { status: 403 }, times: 99 });
  assert.equal(
    (await prune(pair, "prune: {maxShare: 1}, tags: {allow: ['1']}")).result,
    "all-failed",
  );
  pair.source.clearFaults();
  pair.source.deleteTag("app", "1");
  pair.source.deleteTag("app", "2");
  assert.equal((await prune(pair, "prune: {maxShare: 1}")).result, "ok");
  assert.equal(pair.destination.count({ method: "DELETE" }), 0);
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
});

for (
  const [name, options] of [
    ["with missing", { missing: true }],
    ["of what an event told", { only: { repository: "" } }],
  ] as const
) {
  test(`runRule() ${name} deletes nothing`, async () => {
    await using pair = await startMirror();
    const only = "only" in options ? { only: { repository: `${pair.source.host}/app` } } : {};
    assert.deepEqual((await prune(pair, HALF, { ...options, ...only })).pruned, []);
    assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
  });
}

for (const status of [400, 404, 405]) {
  test(`runRule() deletes tags where the registry answers ${status} and deletes by digest alone`, async () => {
    await using pair = await startMirror();
    pair.destination.fail({
      method: "DELETE",
      path: /manifests\/[0-9]+$/,
      times: 99,
      action: { status },
    });
    const report = await prune(pair, HALF);
    assert.deepEqual(prunedOf(report), ["app:3 deleted", "app:4 deleted"]);
    assert.deepEqual(pair.destination.tags("app"), ["1", "2"]);
    assert.ok(pair.destination.getManifest("app", "2"), "2 was the same image as 4");
  });
}

test("runRule() leaves tags where they are in a registry that deletes nothing, and asks it once", async () => {
  await using pair = await startMirror({ destination: { deletable: false } });
  const before = pair.destination.getManifest("app", "3")?.digest;
  const report = await prune(pair, HALF);
  assert.deepEqual(prunedOf(report), ["app:3 failed"]);
  assert.equal(report.pruned[0]?.error?.code, "unsupported");
  assert.equal(report.result, "some-failed");
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3", "4"]);
  assert.equal(pair.destination.getManifest("app", "3")?.digest, before);
  assert.equal(pair.destination.count({ method: "DELETE" }), 2);
});

test("runRule() puts a tag back where the last step of deleting it fails", async () => {
  await using pair = await startMirror();
  const before = pair.destination.getManifest("app", "3")?.digest;
  const { destination } = pair;
  destination.fail({
    method: "DELETE",
    path: /manifests\/[0-9]+$/,
    times: 9,
    action: { status: 405 },
  });
  destination.fail({
    method: "DELETE",
    path: "/manifests/sha256:",
    after: 1,
    times: 9,
    action: { status: 403 },
  });
  const report = await prune(pair, "prune: {keep: ['4'], maxShare: 1}");
  assert.deepEqual(prunedOf(report), ["app:3 failed"]);
  assert.equal(report.pruned[0]?.error?.code, "denied");
  assert.equal(destination.getManifest("app", "3")?.digest, before);
});

test("runRule() has nothing to prune where the mirror is not there yet", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  const report = await prune(pair, HALF, { dryRun: true });
  assert.deepEqual([report.pruned, report.warnings], [[], []]);
});
