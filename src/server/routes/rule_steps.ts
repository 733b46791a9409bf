/** `/internal/rule-steps`: performs one step of a durable run. Only the server itself comes here, by a binding of its own. */
import type { AppOptions } from "../app_options.ts";
import { createRouter } from "../router.ts";
import { findRule, performRuleStep, ruleStepSchema } from "../../rules/rule_step.ts";
import type { RuleHost } from "../../rules/rule_runner.ts";
import { withFields } from "../../log.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function ruleStepRoutes(options: AppOptions, host: RuleHost) {
  const { config, now, durable } = options;
  return createRouter().post("/internal/rule-steps", async (context) => {
    const step = ruleStepSchema.parse(await context.req.json());
    const rule = findRule(config.sync.rules, step.rule);
    const call = watchCall(context, options);
    const log = withFields(call.log, { rule: rule.name, by: "workflow" });
    const answer = await performRuleStep(step, rule, {
      host: { ...host, log },
      engine: host.openEngine(),
      durable,
      now: now(),
      signal: call.signal,
      warn: (detail) => log("warn", "warning", { detail }),
    });
    return context.json(answer, 200);
  });
}
