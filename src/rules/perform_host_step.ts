/** Performs one step of a rule that runs as a Workflow, for `/internal/rule-steps`. */
import type { DurableCopies } from "../durable/durable_copies.ts";
import { withFields } from "../log.ts";
import { performRuleStep } from "../sync/perform_rule_step.ts";
import { openHostContext } from "./run_logged.ts";
import type { RuleHost } from "./run_logged.ts";
import { findRule, parseRuleStep } from "./workflow_rule.ts";
import type { RuleStepAnswer } from "./workflow_rule.ts";

/** The request that asks for a step. */
export interface StepCall {
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/**
 * Images whose creation dates one request reads. Each takes up to five requests (HEAD, index, manifest, config, redirect), which
 * stays below the 50 subrequests of the free plan.
 */
const MAX_DATES = 8;

/** @throws RequestError for a body that is no step, or a rule that does not exist */
export async function performHostStep(
  body: unknown,
  { requestId, signal, durable }: StepCall & { readonly durable: DurableCopies | undefined },
  host: RuleHost,
): Promise<RuleStepAnswer> {
  const { rule: name, step } = parseRuleStep(body);
  const rule = findRule(host.config.sync.rules, name);
  const log = withFields(host.log, { requestId, rule: name, by: "workflow" });
  const ruleContext = openHostContext(rule, { durable, signal, maxDates: MAX_DATES }, {
    ...host,
    log,
  });
  const result = await performRuleStep(step, ruleContext);
  if ("postponed" in result && result.postponed) {
    const { until, error } = result.postponed;
    log("warn", "postponed by a rate limit", {
      until: new Date(until).toISOString(),
      problem: error,
    });
  }
  return { result, requests: ruleContext.batch.requests };
}
