/** Runs rules in this process: each step is a function call, and all steps of a run share one context. */
import { performRuleStep } from "./perform_rule_step.ts";
import { openRuleContext } from "./rule_context.ts";
import type { RuleContext, RuleContextOptions } from "./rule_context.ts";
import type { SyncRule } from "./rule.ts";
import type { RuleReport } from "./model.ts";
import { statusOfRule } from "./rule_status.ts";
import type { RuleSteps } from "./rule_steps.ts";
import { runRule } from "./run_rule.ts";
import type { RunRuleOptions } from "./run_rule.ts";
import type { RuleRunner } from "./run_rules.ts";

/** Each step has one image, so that the next image starts as soon as one ends. */
export function localSteps(context: RuleContext): RuleSteps {
  return {
    run: (_name, step) => performRuleStep(step, context),
    requests: () => ({ ...context.batch.requests }),
    parallel: context.slots.count,
    pageSize: 1,
  };
}

/** Runs a rule in this process. The run ends after its copies, except for durable copies that `startCopy` starts. */
export async function runRuleLocally(
  rule: SyncRule,
  options: RuleContextOptions & RunRuleOptions,
): Promise<RuleReport> {
  const context = openRuleContext(rule, { ...options, isReadOnly: options.dryRun });
  return await runRule(rule, localSteps(context), options);
}

/** The options that all runs of a runner share. */
export type LocalRunnerOptions = Omit<
  RuleContextOptions,
  "signal" | "emit" | "isReadOnly" | "memory"
>;

export function createLocalRunner(host: LocalRunnerOptions): RuleRunner {
  return {
    run: (rule, options) => runRuleLocally(rule, { ...host, ...options }),
    status: (rule, options) => statusOfRule(rule, { ...host, ...options }),
  };
}
