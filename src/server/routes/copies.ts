/** `/v1/copies`: copies within the request, or starts, gets and cancels durable copies. */
import type { Emit } from "../../copy/model.ts";
import { secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { withDefaults } from "../../config/server_config.ts";
import { parseCopyRequest } from "../../copy/request.ts";
import { preferHeader, prefersAsync } from "../prefer.ts";
import { RequestError } from "../../problem.ts";
import { check, checkBody, createRouter } from "../router.ts";
import { runCopy } from "../run_copy.ts";
import { copyBody, copyParams } from "../schemas.ts";
import { startDurableCopy } from "../../durable/durable_copies.ts";
import { aboutCopy, createRecorder } from "../../history/recorder.ts";
import { answerJob } from "../answer_job.ts";
import { callerOf } from "../caller_of.ts";

// deno-lint-ignore explicit-function-return-type
export function copyRoutes(options: AppOptions, allowed: Allowed) {
  const { config, durable, openEngine } = options;
  const recorder = createRecorder(options);

  return createRouter()
    .post(
      "/v1/copies",
      secured("copy", options),
      check("header", preferHeader),
      checkBody(copyBody),
      async (context) => {
        const request = parseCopyRequest(withDefaults(config, context.req.valid("json")));
        allowed.copy(request);
        const { prefer = "" } = context.req.valid("header");
        if (durable && prefersAsync(prefer)) {
          const copy = await startDurableCopy(request, { durable, engine: openEngine() });
          return context.json(copy, 202, {
            // Relative, so that it is right below any mount and behind any proxy.
            location: `copies/${copy.id}`,
            "preference-applied": "respond-async",
          });
        }
        return await answerJob(context, options, {
          run: async (send, { signal, log, emit: watch }) => {
            const emit: Emit = (event) => {
              watch(event);
              send(event);
            };
            const approve = allowed.plan;
            const about = {
              by: "call",
              ...callerOf(context),
              ...aboutCopy(request.input),
            } as const;
            return await recorder.record(
              about,
              () => runCopy(request, { engine: openEngine(), log, emit, signal, approve }),
            );
          },
          toResponse: (report) => context.json(report, 200),
        });
      },
    )
    .get(
      "/v1/copies/:id",
      secured("read", options),
      check("param", copyParams),
      async (context) => {
        const { id } = context.req.valid("param");
        return context.json(await durable?.get(id) ?? notFound(id, durable !== undefined), 200);
      },
    )
    .delete(
      "/v1/copies/:id",
      secured("copy", options),
      check("param", copyParams),
      async (context) => {
        const { id } = context.req.valid("param");
        return context.json(await durable?.cancel(id) ?? notFound(id, durable !== undefined), 200);
      },
    );
}

function notFound(id: string, isDurable: boolean): never {
  throw new RequestError("not_found", `copy ${id} not found`, {
    ...(isDurable
      ? {}
      : { hint: "this server has no durable copies: each copy runs within its request" }),
  });
}
