/** Rules in this process: each step is a function call, and what the steps find is shared for the run. */
import { openRuleContext, performRuleStep } from "./perform_rule_step.ts";
import type { RuleContext, RuleContextOptions } from "./perform_rule_step.ts";
import type { SyncRule } from "./rule.ts";
import type { RuleReport } from "./model.ts";
import { statusOfRule } from "./rule_status.ts";
import type { RuleSteps } from "./rule_steps.ts";
import { runRule } from "./run_rule.ts";
import type { RunRuleOptions } from "./run_rule.ts";
import type { RuleRunner } from "./run_rules.ts";

/** One image a step: an image that ends makes room for the next one at once. */
export function localSteps(context: RuleContext): RuleSteps {
  return {
    run: (_name, step) => performRuleStep(step, context),
    requests: () => ({ ...context.batch.requests }),
    parallel: context.slots.count,
    pageSize: 1,
  };
}

/** Runs a rule in this process. Each copy ends before the run does, unless `startCopy` starts it. */
export async function runRuleLocally(
  rule: SyncRule,
  options: RuleContextOptions & RunRuleOptions,
): Promise<RuleReport> {
  const context = openRuleContext(rule, { ...options, isReadOnly: options.dryRun });
  return await runRule(rule, localSteps(context), options);
}

/** Options that all runs of a runner have in common. */
export type LocalRunnerOptions = Omit<RuleContextOptions, "signal" | "emit" | "isReadOnly">;

export function createLocalRunner(host: LocalRunnerOptions): RuleRunner {
  return {
    run: (rule, options) => runRuleLocally(rule, { ...host, ...options }),
    status: (rule, options) => statusOfRule(rule, { ...host, ...options }),
  };
}
