import { test } from "node:test";
import assert from "node:assert/strict";
import type { RuleReport, RuleStatus } from "../../src/sync/model.ts";
import { runRules, statusOfRules } from "../../src/sync/run_rules.ts";
import type { RuleRunner } from "../../src/sync/run_rules.ts";
import type { SyncRule } from "../../src/sync/rule.ts";

const requests = { source: 1, destination: 1 };

function rulesOf(...names: string[]): SyncRule[] {
  return names.map((name) => ({ name }) as SyncRule);
}

/** Gives results and states by the rule's name. */
const runner: RuleRunner = {
  run: ({ name }) =>
    Promise.resolve({
      rule: name,
      result: name.replace(/\d$/, "") as RuleReport["result"],
      tags: [],
      pruned: [],
      requests,
      durationMs: 1,
      warnings: [],
    }),
  status: ({ name }) =>
    Promise.resolve({
      rule: name,
      state: name.replace(/\d$/, "") as RuleStatus["state"],
      tags: [],
      requests,
    }),
};

const sums: [rules: string[], result: RuleReport["result"]][] = [
  [["ok", "ok2"], "ok"],
  [["ok", "postponed"], "postponed"],
  [["postponed", "some-failed"], "some-failed"],
  [["ok", "all-failed"], "some-failed"],
  [["postponed", "all-failed"], "some-failed"],
  [["all-failed", "all-failed2"], "all-failed"],
];
for (const [names, wanted] of sums) {
  test(`runRules() is ${wanted} where the rules are ${names.join(" and ")}`, async () => {
    const times = [100, 107];
    const now = (): number => times.shift() ?? 0;
    const { result, rules, durationMs } = await runRules(rulesOf(...names), runner, { now });
    assert.deepEqual([result, durationMs], [wanted, 7]);
    assert.deepEqual(rules.map(({ rule }) => rule), names);
  });
}

const states: [rules: string[], state: RuleStatus["state"]][] = [
  [["in-step", "in-step2"], "in-step"],
  [["in-step", "behind"], "behind"],
  [["behind", "error", "in-step"], "error"],
];
for (const [names, wanted] of states) {
  test(`statusOfRules() is ${wanted} where the rules are ${names.join(" and ")}`, async () => {
    const { state, rules } = await statusOfRules(rulesOf(...names), runner, {});
    assert.equal(state, wanted);
    assert.deepEqual(rules.map(({ rule }) => rule), names);
  });
}

test("runRules() begins a rule when the one before it has ended, and none once it is stopped", async () => {
  const stop = new AbortController();
  const reason = new Error("enough");
  const told: string[] = [];
  const slow: RuleRunner = {
    ...runner,
    async run(rule, options): Promise<RuleReport> {
      told.push(`begin ${rule.name}`);
      await Promise.resolve();
      if (rule.name === "ok2") stop.abort(reason);
      told.push(`end ${rule.name}`);
      return await runner.run(rule, options);
    },
  };
  const running = runRules(rulesOf("ok", "ok2", "ok3"), slow, {
    now: () => 0,
    signal: stop.signal,
  });
  await assert.rejects(running, reason);
  assert.deepEqual(told, ["begin ok", "end ok", "begin ok2", "end ok2"]);
});
