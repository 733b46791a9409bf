/** `/v1/steps`: performs one step, for a Workflow or any other orchestrator. */
import { createRoute } from "@hono/zod-openapi";
import { parsedStepSchema } from "../../copy/step.ts";
import { secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { OUTCOMES, STEPS } from "../examples.ts";
import { body, bodyRefusals, conflicts, failures, json, refusals } from "../responses.ts";
import { createRouter } from "../router.ts";
import { performedSchema } from "../../copy/model.ts";
import { watchCall } from "../watch_call.ts";

/** A step may hold a manifest of 4 MiB, which JSON makes longer by its quotes. */
const MAX_STEP_BYTES = 9 * 1024 * 1024;

// deno-lint-ignore explicit-function-return-type
export function stepRoutes(options: AppOptions, allowed: Allowed) {
  const post = createRoute({
    method: "post",
    path: "/v1/steps",
    summary: "Perform one step of a plan",
    description:
      "Exactly one cross-mount, one upload, one manifest or one list of referrers. Doing it again does no harm.",
    operationId: "performStep",
    tags: ["Plans and steps"],
    ...secured("copy", options, { maxBodyBytes: MAX_STEP_BYTES }),
    request: { body: body(parsedStepSchema, STEPS) },
    responses: {
      200: json("What became of it", performedSchema, OUTCOMES),
      ...refusals,
      ...bodyRefusals,
      ...failures,
      ...conflicts,
    },
  });

  return createRouter().openapi(post, async (context) => {
    const step = context.req.valid("json");
    allowed.step(step);
    const { signal, emit } = watchCall(context, options);
    const job = options.openEngine().perform(step, { signal, emit });
    // That it fails is told below; here it counts only that it has ended.
    options.background?.(job.catch(() => {}));
    return context.json(await job, 200);
  });
}
