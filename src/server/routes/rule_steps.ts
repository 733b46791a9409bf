/** `/internal/rule-steps`: performs one step of a rule that runs as a Workflow. Reachable only by the Worker's `SELF` binding. */
import { findRule, parseRuleStep } from "../../rules/workflow_rule.ts";
import type { RuleStepAnswer } from "../../rules/workflow_rule.ts";
import { openHostContext } from "../../rules/run_logged.ts";
import type { RuleHost } from "../../rules/run_logged.ts";
import { withFields } from "../../log.ts";
import { performRuleStep } from "../../sync/perform_rule_step.ts";
import type { AppOptions } from "../app_options.ts";
import { createRouter } from "../router.ts";

/**
 * Images whose creation dates one request reads. Each takes up to five requests (HEAD, index, manifest, config, redirect), which
 * stays below the 50 subrequests of the free plan.
 */
const MAX_DATES = 8;

// deno-lint-ignore explicit-function-return-type
export function ruleStepRoutes(options: AppOptions, host: RuleHost) {
  const { config, durable } = options;
  return createRouter().post("/internal/rule-steps", async (context) => {
    const { rule: name, step } = parseRuleStep(await context.req.json());
    const rule = findRule(config.sync.rules, name);
    const { signal } = context.req.raw;
    const requestId = context.get("requestId");
    const log = withFields(options.log, { requestId, rule: name, by: "workflow" });
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
    const { requests } = ruleContext.batch;
    return context.json({ result, requests } satisfies RuleStepAnswer, 200);
  });
}
