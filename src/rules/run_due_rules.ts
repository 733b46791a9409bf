import { isDue } from "../sync/next_run.ts";
import type { Tick } from "../sync/next_run.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { RuleRunner } from "./rule_runner.ts";

/** Runs the rules that are due at a tick, one after the other, for a host that has a clock and no memory of it. */
export async function runDueRules(
  rules: readonly SyncRule[],
  runRule: RuleRunner,
  tick: Tick,
): Promise<void> {
  for (const rule of rules) {
    if (!rule.schedule || !isDue(rule.schedule, tick)) continue;
    await runRule(rule, { by: "schedule", at: tick.at });
  }
}
