/** `/v1/plans`: the dry run. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { withDefaults } from "../../config/server_config.ts";
import { parseCopyRequest } from "../../copy/request.ts";
import { MIRROR, PLAN } from "../examples.ts";
import {
  body,
  bodyRefusals,
  conflicts,
  failures,
  json,
  parameterExamples,
  refusals,
} from "../responses.ts";
import { createRouter } from "../router.ts";
import { planSchema } from "../../copy/model.ts";
import { copyBody } from "../schemas.ts";
import { watchCall } from "../watch_call.ts";

// deno-lint-ignore explicit-function-return-type
export function planRoutes(options: AppOptions, allowed: Allowed) {
  const post = createRoute({
    method: "post",
    path: "/v1/plans",
    summary: "Show what a copy would do",
    description: "Writes nothing. Each step can be given to `/v1/steps`, stage after stage.",
    operationId: "makePlan",
    tags: ["Plans and steps"],
    ...secured("read", options, { takesQuery: true }),
    request: {
      body: body(copyBody, { mirror: MIRROR }),
      query: z.strictObject({
        survey: z.enum(["true", "false"]).default("true").meta({
          description: "whether the destination is asked for each blob, so that totals are known",
          ...parameterExamples({ mirror: "true" }),
        }),
        manifests: z.enum(["true", "false"]).default("false").meta({
          description:
            "whether steps carry the manifests that the plan has read, up to 4 MiB, so that performing them does not read them again",
          ...parameterExamples({ mirror: "false" }),
        }),
      }),
    },
    responses: {
      200: json("The plan", planSchema, { mirror: PLAN }),
      ...refusals,
      ...bodyRefusals,
      ...failures,
      ...conflicts,
    },
  });

  return createRouter().openapi(post, async (context) => {
    const request = parseCopyRequest(withDefaults(options.config, context.req.valid("json")));
    allowed.copy(request);
    const query = context.req.valid("query");
    const [survey, manifests] = [query.survey === "true", query.manifests === "true"];
    const { signal, emit } = watchCall(context, options);
    const plan = await options.openEngine().plan(request, { survey, manifests, signal, emit });
    return context.json(plan, 200);
  });
}
