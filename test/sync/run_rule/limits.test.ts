import assert from "node:assert/strict";
import { test } from "node:test";
import { localSteps } from "../../../src/sync/local_rules.ts";
import { openRuleContext } from "../../../src/sync/rule_context.ts";
import { runRule } from "../../../src/sync/run_rule.ts";
import type { RuleReport, SyncEvent } from "../../../src/sync/model.ts";
import { statusOfRule } from "../../../src/sync/rule_status.ts";
import { Slots } from "../../../src/copy/slots.ts";
import type { SyncRule } from "../../../src/sync/rule.ts";
import { startPair } from "../../support/pair.ts";
import type { Pair } from "../../support/pair.ts";
import { putIndex } from "../../support/image.ts";
import { NOW } from "../setup.ts";
import { appRule, putTags, resultsOf, run, writesOf } from "./setup.ts";

/** Runs a rule that starts durable copies, some of which a page before has started. */
async function runStarting(
  rule: SyncRule,
  { engine }: Pair,
  startedPulls = 0,
): Promise<{ report: RuleReport; startedPulls: number }> {
  const now = (): number => NOW;
  const startCopy = (): Promise<{ id: string }> => Promise.resolve({ id: "a" });
  const context = openRuleContext(rule, { engine, rules: [rule], now, startCopy });
  context.pulls.started = startedPulls;
  const report = await runRule(rule, localSteps(context), { now });
  return { report, startedPulls: context.pulls.started };
}

test("runRule() limits durable copies by the remaining pulls, including copies that were started before", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3", "4", "5", "6", "7", "8");
  tellPulls(pair, () => 26);
  const rule = appRule(pair, ", ratelimit: {min: 20}");
  for (const [before, may] of [[0, 6], [4, 2], [6, 0]] as const) {
    const { report, startedPulls } = await runStarting(rule, pair, before);
    assert.equal(report.result, "postponed");
    assert.equal(report.tags.filter(({ result }) => result === "started").length, may);
    assert.equal(startedPulls, before + may);
  }
});

test("runRule() counts each manifest of an index that a durable copy will read", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64"];
  for (let i = 1; i <= 8; i++) {
    await putIndex(pair.source, "app", { tag: `${i}`, platforms, attestations: true, seed: i });
  }
  const pulls = countPulls(pair, 45);
  const rule = appRule(pair, ", ratelimit: {min: 20}");
  const { report, startedPulls } = await runStarting(rule, pair);
  assert.equal(report.result, "postponed");
  const { length } = report.tags.filter(({ result }) => result === "started");
  assert.ok(length > 0);
  assert.equal(startedPulls, length * 5);
  assert.ok(pulls.left - startedPulls >= 20, `${pulls.left - startedPulls} are going to be left`);
});

/** Has the source say with each manifest how many pulls are left. */
function tellPulls({ source }: Pair, left: () => number): void {
  source.clearFaults();
  source.fail({
    path: "/manifests/",
    times: 1000,
    action: {
      tamper: (response) => {
        response.headers.set("ratelimit-limit", "100;w=21600");
        response.headers.set("ratelimit-remaining", `${left()};w=21600`);
        return response;
      },
    },
  });
}

/** Has the source count manifests that are read, as Docker Hub does. */
function countPulls(pair: Pair, start: number): { readonly left: number } {
  const before = pair.source.count({ method: "GET", path: "/manifests/" });
  const count = (): number =>
    start + before - pair.source.count({ method: "GET", path: "/manifests/" });
  tellPulls(pair, count);
  return {
    get left(): number {
      return count();
    },
  };
}

test("runRule() is postponed where a copy would leave fewer pulls than the floor", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const tell = (left: number): void => tellPulls(pair, () => left);
  const rule = appRule(pair, ", ratelimit: {min: 50, retry: 30m}");
  tell(50);
  const report = await run(rule, pair, { slots: new Slots(1) });
  assert.equal(report.result, "postponed");
  assert.equal(report.postponedUntil, NOW + 30 * 60_000);
  assert.deepEqual(resultsOf(report), ["app:1 postponed", "app:2 postponed", "app:3 postponed"]);
  assert.equal(pair.source.count({ method: "HEAD" }), 1);
  assert.equal(writesOf(pair), 0);
  assert.match(report.warnings[0] ?? "", /50 pulls remaining, 1 needed/);
  tell(51);
  const enough = await run(rule, pair, { slots: new Slots(1) });
  assert.equal(enough.result, "ok");
  tell(0);
  const unchanged = await run(rule, pair);
  assert.equal(unchanged.result, "ok", "nothing to copy is no reason to wait");
});

test("runRule() does not wait without rate limit headers", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const report = await run(appRule(pair, ", ratelimit: {min: 50}"), pair);
  assert.deepEqual(resultsOf(report), ["app:1 copied"]);
});

test("runRule() is postponed until Retry-After", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  pair.source.fail({
    path: "/manifests/1",
    times: 9,
    action: { status: 429, headers: { "retry-after": "7200" } },
  });
  const report = await run(appRule(pair), pair, { slots: new Slots(1) });
  assert.equal(report.result, "postponed");
  assert.deepEqual(resultsOf(report), ["app:1 postponed", "app:2 postponed"]);
  assert.equal(report.postponedUntil, NOW + 7_200_000);
  assert.equal(pair.source.count({ path: "/manifests/" }), 1);
});

test("runRule() reads no manifest of an index that would leave fewer pulls than the floor", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"];
  for (let i = 1; i <= 8; i++) {
    await putIndex(pair.source, "app", { tag: `${i}`, platforms, attestations: true, seed: i });
  }
  const pulls = countPulls(pair, 40);
  const report = await run(appRule(pair, ", ratelimit: {min: 20}"), pair);
  assert.equal(report.result, "postponed");
  assert.equal(report.postponedUntil, NOW + 5 * 60_000);
  assert.ok(pulls.left >= 20, `${pulls.left} are left`);
  const results = new Set(report.tags.map(({ result }) => result));
  assert.deepEqual([...results].sort().filter((result) => result !== "copied"), ["postponed"]);
  const copied = report.tags.filter(({ result }) => result === "copied").length;
  assert.equal(pair.destination.tags("app").length, copied);
  assert.ok(copied > 0, "what does not fit is not begun, and leaves the others enough");
});

test("runRule() reads no manifest past the floor for a comparison", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64"];
  for (let i = 1; i <= 8; i++) {
    await putIndex(pair.source, "app", { tag: `${i}`, platforms, seed: i });
  }
  const rule = appRule(pair, ", platforms: [linux/amd64], index: rebuild, ratelimit: {min: 20}");
  await run(rule, pair);
  const pulls = countPulls(pair, 23);
  const report = await run(rule, pair, { dryRun: true });
  assert.equal(report.result, "postponed");
  assert.ok(pulls.left >= 20, `${pulls.left} are left`);
});

for (const more of ["minAge: 24h", "tags: {latest: 3, by: created}"]) {
  test(`runRule() reads no date past the floor, and the dates of an image once: ${more}`, async () => {
    await using pair = await startPair();
    const platforms = ["linux/amd64", "linux/arm64"];
    for (let i = 1; i <= 20; i++) {
      await putIndex(pair.source, "app", { tag: `${i}`, platforms, seed: i });
    }
    const rule = appRule(pair, `, ${more}, ratelimit: {min: 20}`);
    const pulls = countPulls(pair, 35);
    const report = await run(rule, pair, { dryRun: true });
    assert.equal(report.result, "postponed");
    assert.deepEqual(resultsOf(report), ["app postponed"]);
    assert.ok(pulls.left >= 20, `${pulls.left} are left`);
    const status = await statusOfRule(rule, { engine: pair.engine, rules: [rule], now: () => NOW });
    assert.equal(status.state, "error");
    assert.equal(status.tags[0]?.error?.code, "rate_limited");
    assert.ok(pulls.left >= 20, `${pulls.left} are left`);
    countPulls(pair, 1000);
    await run(rule, pair, { dryRun: true });
    const { length } = pair.source.requests.filter(({ method, path }) =>
      method === "GET" && path.includes("/manifests/")
    );
    assert.ok(length <= 40 + 8, `${length} manifests were read for 20 dates`);
    pair.source.clearRequests();
    await run(rule, pair, { dryRun: true });
    assert.equal(pair.source.count({ method: "GET", path: "/manifests/" }), 0);
  });
}

test("runRule() is postponed by a 429 of the source without a time", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  for (const [more, minutes] of [["", 5], [", ratelimit: {retry: 30m}", 30]] as const) {
    pair.source.clearFaults();
    pair.source.fail({ path: "/manifests/1", times: 9, action: { status: 429 } });
    const report = await run(appRule(pair, more), pair, { slots: new Slots(1) });
    assert.equal(report.result, "postponed");
    assert.deepEqual(resultsOf(report), ["app:1 postponed", "app:2 postponed", "app:3 postponed"]);
    assert.equal(report.postponedUntil, NOW + minutes * 60_000);
    assert.match(report.warnings[0] ?? "", /429.*: the run is postponed/);
  }
});

test("runRule() is not postponed by a 429 of a target without a time", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  pair.destination.fail({ path: "/manifests/1", times: 9, action: { status: 429 } });
  assert.equal((await run(appRule(pair), pair)).result, "all-failed");
});

test("runRule() limits concurrent copies by its slots", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3", "4", "5", "6");
  let running = 0;
  let most = 0;
  const emit = (event: SyncEvent): void => {
    if (event.type === "copy" && event.event.type === "plan") most = Math.max(most, ++running);
    if (event.type === "copy" && event.event.type === "report") running -= 1;
  };
  await run(appRule(pair), pair, { emit, slots: new Slots(2) });
  assert.equal(most, 2);
});
