/** `/v1/plans`: plans a copy without writing (dry run). */
import type { PlanWithBudget } from "../../budget/model.ts";
import { secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { withDefaults } from "../../config/server_config.ts";
import { parseCopyRequest } from "../../copy/request.ts";
import { check, checkBody, createRouter } from "../router.ts";
import { planBody, planQuery } from "../schemas.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function planRoutes(options: AppOptions, allowed: Allowed) {
  return createRouter().post(
    "/v1/plans",
    secured("read", options, { takesQuery: true }),
    check("query", planQuery),
    checkBody(planBody),
    async (context) => {
      const { budget: platform, ...copy } = context.req.valid("json");
      const request = parseCopyRequest(withDefaults(options.config, copy));
      allowed.copy(request);
      const query = context.req.valid("query");
      const [survey, manifests] = [query.survey === "true", query.manifests === "true"];
      const { signal, emit } = watchCall(context, options);
      const plan = await options.openEngine().plan(request, { survey, manifests, signal, emit });
      if (!platform) return context.json<PlanWithBudget, 200>(plan, 200);
      const { estimateBudget } = await import("../../budget/estimate.ts");
      const budget = estimateBudget(plan, platform);
      return context.json<PlanWithBudget, 200>({ ...plan, budget }, 200);
    },
  );
}
