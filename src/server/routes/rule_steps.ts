/** `/internal/rule-steps`: performs one step of a rule that runs as a Workflow. Reachable only by the Worker's `SELF` binding. */
import type { ComposedRules } from "../../rules/compose_rules.ts";
import { createRouter } from "../router.ts";

// deno-lint-ignore explicit-function-return-type
export function ruleStepRoutes({ performStep }: Pick<ComposedRules, "performStep">) {
  return createRouter().post("/internal/rule-steps", async (context) => {
    const requestId = context.get("requestId");
    const { signal } = context.req.raw;
    return context.json(await performStep(await context.req.json(), { requestId, signal }), 200);
  });
}
