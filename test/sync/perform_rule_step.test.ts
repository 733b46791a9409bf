import assert from "node:assert/strict";
import { test } from "node:test";
import { performRuleStep } from "../../src/sync/perform_rule_step.ts";
import { openRuleContext } from "../../src/sync/rule_context.ts";
import type { RuleContext, RuleContextOptions } from "../../src/sync/rule_context.ts";
import type { TagDates } from "../../src/sync/rule_steps.ts";
import { Slots } from "../../src/copy/slots.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { putImage } from "../support/image.ts";
import { NOW, ruleOf } from "./setup.ts";

/** A request's worth of steps of a rule about `app`. */
function open(
  { source, destination, engine }: Pair,
  more: string,
  options: Partial<RuleContextOptions> = {},
): RuleContext {
  const rule = ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${destination.host}/app", ${more}}`,
  );
  return openRuleContext(rule, { engine, rules: [rule], now: () => NOW, ...options });
}

test("performRuleStep() reads a limited number of dates at once, and returns the tags when it has all", async () => {
  await using pair = await startPair();
  const { source } = pair;
  const names = Array.from({ length: 20 }, (_, i) => `v${10 + i}`);
  for (const [seed, tag] of names.entries()) {
    await putImage(source, "app", { tag, seed, layers: 0 });
  }
  const repository = `${source.host}/app`;
  const dates: TagDates = [];
  const parts: number[] = [];
  for (;;) {
    source.clearRequests();
    const context = open(pair, "minAge: 1h", { maxDates: 8 });
    const result = await performRuleStep({ type: "tags", repository, dates }, context);
    assert.ok(source.count() <= 40, `${source.count()}`);
    const { tags, dates: found = [] } = result;
    parts.push(found.length);
    dates.push(...found);
    if (!tags) continue;
    assert.deepEqual([tags, result.isListed], [names, true]);
    break;
  }
  assert.deepEqual(parts, [8, 8, 4]);
});

test("performRuleStep() is postponed by the floor while it reads dates, and returns those that it has", async () => {
  await using pair = await startPair();
  const { source } = pair;
  for (let i = 1; i <= 20; i++) {
    await putImage(source, "app", { tag: `v${10 + i}`, seed: i, layers: 0 });
  }
  const countLeft = (): number => 35 - source.count({ method: "GET", path: "/manifests/" });
  source.fail({
    path: "/manifests/",
    times: 99,
    action: {
      tamper: (response) => {
        response.headers.set("ratelimit-limit", "100;w=21600");
        response.headers.set("ratelimit-remaining", `${countLeft()};w=21600`);
        return response;
      },
    },
  });
  const repository = `${source.host}/app`;
  const dates: TagDates = [];
  for (;;) {
    const context = open(pair, "minAge: 1h, ratelimit: {min: 20, retry: 30m}", { maxDates: 8 });
    const result = await performRuleStep({ type: "tags", repository, dates }, context);
    dates.push(...result.dates ?? []);
    assert.equal(result.tags, undefined);
    if (!result.postponed) continue;
    assert.equal(result.postponed.until, NOW + 30 * 60_000);
    assert.equal(result.postponed.error.code, "rate_limited");
    break;
  }
  assert.ok(countLeft() >= 20, `${countLeft()} left`);
  assert.ok(dates.length >= 8, `${dates.length} dates`);
});

test("performRuleStep() does not repeat the request for the date of a missing tag", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  const names = Array.from({ length: 9 }, (_, i) => `'${i + 1}'`).join();
  const more = `tags: {allow: [${names}]}, minAge: 1h`;
  const repository = `${pair.source.host}/app`;
  const perform = (dates: TagDates): ReturnType<typeof performRuleStep> =>
    performRuleStep({ type: "tags", repository, dates }, open(pair, more, { maxDates: 8 }));
  const first = await perform([]);
  assert.ok("dates" in first && first.dates);
  assert.deepEqual([first.tags, first.dates.length], [undefined, 8]);
  const rest = await perform(first.dates);
  assert.ok("dates" in rest);
  assert.deepEqual([rest.tags?.length, rest.isListed, rest.dates], [9, false, [["9", null]]]);
});

test("performRuleStep() deletes tags that the rule no longer selects, and none if it selects none", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  for (const tag of ["1", "fresh", "old"]) await putImage(destination, "app", { tag });
  const repository = `${source.host}/app`;
  const prune = (tags: string[]): ReturnType<typeof performRuleStep> =>
    performRuleStep(
      { type: "prune", repository, tags, tooFresh: ["fresh"] },
      open(pair, "prune: {maxShare: 1}"),
    );
  assert.deepEqual(await prune([]), { pruned: [], warnings: [] });
  assert.deepEqual(await prune(["1"]), {
    pruned: [{ destination: `${destination.host}/app:old`, result: "deleted" }],
    warnings: [],
  });
  assert.deepEqual(destination.tags("app"), ["1", "fresh"]);
  assert.equal(source.count(), 0);
});

test("performRuleStep() reports a rate limit, and which images it postpones", async () => {
  await using pair = await startPair();
  const { source } = pair;
  for (const [seed, tag] of ["1", "2", "3"].entries()) await putImage(source, "app", { tag, seed });
  source.fail({
    path: "/manifests/2",
    times: 9,
    action: { status: 429, headers: { "retry-after": "7200" } },
  });
  const context = open(pair, "fastCheck: true", { slots: new Slots(1) });
  const repository = `${source.host}/app`;
  const tags = ["1", "2"];
  const step = { type: "images", repository, tags, mayBeMissing: false, startedPulls: 0 } as const;
  const { postponed, tags: reports } = await performRuleStep({ ...step, tags }, context);
  assert.deepEqual(reports.map(({ result }) => result), ["copied", "postponed"]);
  assert.deepEqual([postponed?.until, postponed?.tags], [NOW + 7_200_000, ["2"]]);
  assert.equal(postponed?.error.code, "rate_limited");
  // The limit holds for the steps that follow.
  const next = await performRuleStep({ ...step, tags: ["3"] }, context);
  assert.deepEqual([next.tags[0]?.result, next.postponed?.tags], ["postponed", ["3"]]);
});
