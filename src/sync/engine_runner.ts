import type { RuleRunner } from "./run_rules.ts";
import { runRule } from "./run_rule.ts";
import type { SyncEngine } from "./run_rule.ts";
import { statusOfRule } from "./status_of_rule.ts";

export interface EngineRunnerOptions {
  /** Both of its sides with the credentials of the config. */
  readonly engine: SyncEngine;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Runs rules by an engine, waiting for every copy. */
export function createEngineRunner(host: EngineRunnerOptions): RuleRunner {
  return {
    run: (rule, options) => runRule(rule, { ...host, ...options }),
    status: (rule, options) => statusOfRule(rule, { ...host, ...options }),
  };
}
