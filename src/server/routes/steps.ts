/** `/v1/steps`: performs one step, for a Workflow or any other orchestrator. */
import { parsedStepSchema } from "../../copy/step.ts";
import { secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { RequestError } from "../../problem.ts";
import { checkBody, createRouter } from "../router.ts";
import { watchCall } from "../watch_call.ts";

/** A step can contain a manifest of 4 MiB. Escaped quotes can double its length in JSON. */
const MAX_STEP_BYTES = 9 * 1024 * 1024;

// deno-lint-ignore explicit-function-return-type
export function stepRoutes(options: AppOptions, allowed: Allowed) {
  return createRouter().post(
    "/v1/steps",
    secured("copy", options, { maxBodyBytes: MAX_STEP_BYTES }),
    checkBody(parsedStepSchema),
    async (context) => {
      if (options.hasPolicy) {
        throw new RequestError(
          "denied",
          "the admission policy permits no single steps; use POST /v1/copies",
        );
      }
      const step = context.req.valid("json");
      if (step.type === "receipt" && !options.signsSteps) {
        throw new RequestError(
          "denied",
          "receipts are signed for copies, not for single steps; use POST /v1/copies",
        );
      }
      allowed.step(step);
      const { signal, emit } = watchCall(context, options);
      const job = options.openEngine().perform(step, { signal, emit });
      // `await job` below handles a failure; the host only waits for the end of the job.
      options.background?.(job.catch(() => {}));
      return context.json(await job, 200);
    },
  );
}
