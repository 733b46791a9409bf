/** `/internal/rule-steps`: performs one step of a durable run. Only the server itself comes here, by a binding of its own. */
import type { AppOptions } from "../app_options.ts";
import { createRouter } from "../router.ts";
import { findRule, performRuleStep, ruleStepSchema } from "../rule_step.ts";
import type { RuleRunner } from "../rule_runner.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function ruleStepRoutes(options: AppOptions, rules: Pick<RuleRunner, "runHere">) {
  const { config, openEngine, now } = options;
  return createRouter().post("/internal/rule-steps", async (context) => {
    const step = ruleStepSchema.parse(await context.req.json());
    const { log } = watchCall(context, options);
    const answer = await performRuleStep(step, findRule(config.sync.rules, step.rule), {
      rules,
      engine: openEngine(),
      now: now(),
      warn: (detail) => log("warn", "warning", { detail }),
    });
    return context.json(answer, 200);
  });
}
