import { statusOfRule } from "./rule_status.ts";
import { runRule } from "./run_rule.ts";
import type { RunRuleOptions } from "./run_rule.ts";
import type { RuleRunner } from "./run_rules.ts";

/** What all runs have in common. */
export type EngineRunnerOptions = Pick<
  RunRuleOptions,
  "engine" | "rules" | "now" | "slots" | "env" | "readFile"
>;

/** Runs rules by an engine, and waits for every copy. */
export function createEngineRunner(host: EngineRunnerOptions): RuleRunner {
  return {
    run: (rule, options) => runRule(rule, { ...host, ...options }),
    status: (rule, options) => statusOfRule(rule, { ...host, ...options }),
  };
}
