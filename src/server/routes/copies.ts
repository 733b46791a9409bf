/** `/v1/copies`: copy now and watch, or start a durable copy and ask for it later. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import type { Emit } from "../../copy/model.ts";
import { secured } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { withDefaults } from "../../config/server_config.ts";
import { parseCopyRequest } from "../../copy/request.ts";
import {
  CANCELLED_COPY,
  COPY_ID,
  FINISHED_COPY,
  LAST_EVENT,
  MIRROR,
  QUEUED_COPY,
} from "../examples.ts";
import { ASYNC_APPLIED, preferHeader, prefersAsync } from "../prefer.ts";
import { RequestError } from "../../problem.ts";
import {
  body,
  bodyRefusals,
  eventStream,
  everyAnswer,
  failures,
  json,
  parameterExamples,
  refusals,
} from "../responses.ts";
import { createRouter } from "../router.ts";
import { runCopy } from "../run_copy.ts";
import { copyIdSchema, durableCopySchema } from "../../durable/durable_copies.ts";
import { streamEventSchema } from "../../stream_events.ts";
import { copyBody } from "../schemas.ts";
import { startDurableCopy } from "../../durable/start_durable_copy.ts";
import { streamAnswer } from "../stream_answer.ts";

const TAGS = ["Copies"];

/** The parameters of a call about a copy, with examples by the names of their answers. */
function idOf(...examples: string[]): z.ZodObject<{ id: typeof copyIdSchema }> {
  const values = Object.fromEntries(examples.map((name) => [name, COPY_ID]));
  return z.object({
    id: copyIdSchema.meta({ description: "as `Location` gave it", ...parameterExamples(values) }),
  });
}

// deno-lint-ignore explicit-function-return-type
export function copyRoutes(options: AppOptions, allowed: Allowed) {
  const { config, durable, openEngine } = options;

  const post = createRoute({
    method: "post",
    path: "/v1/copies",
    operationId: "copy",
    tags: TAGS,
    summary: "Copy an image or artifact",
    description:
      "Copies in this request and answers with a stream of events. The last one is `report`, or `error` with a problem: by " +
      "then the status has long been sent. A client that goes away stops the copy, and doing it again finishes it.\n\n" +
      "With `Prefer: respond-async`, and a durable runner at the server, the answer is 202 and the copy goes on by itself.",
    ...secured("copy", options),
    request: {
      body: body(copyBody, { mirror: MIRROR, respondAsync: MIRROR }),
      headers: preferHeader("respondAsync"),
    },
    responses: {
      200: eventStream(streamEventSchema, { mirror: LAST_EVENT }),
      202: {
        ...json("A durable copy was started, or is under way", durableCopySchema, {
          respondAsync: QUEUED_COPY,
        }),
        headers: everyAnswer.extend({
          Location: z.string().meta({ description: "where its state can be asked for" }),
          ...ASYNC_APPLIED,
        }),
      },
      ...refusals,
      ...bodyRefusals,
      ...failures,
    },
  });

  const get = createRoute({
    method: "get",
    path: "/v1/copies/{id}",
    operationId: "getCopy",
    tags: TAGS,
    summary: "State and report of a durable copy",
    ...secured("read", options),
    request: { params: idOf("finished") },
    responses: {
      200: json("The copy", durableCopySchema, { finished: FINISHED_COPY }),
      ...refusals,
      404: failures[404],
    },
  });

  const cancel = createRoute({
    method: "delete",
    path: "/v1/copies/{id}",
    operationId: "cancelCopy",
    tags: TAGS,
    summary: "Cancel a durable copy",
    description:
      "One that has ended stays as it is. What has arrived stays; the tag does not move.",
    ...secured("copy", options),
    request: { params: idOf("cancelled") },
    responses: {
      200: json("The copy", durableCopySchema, { cancelled: CANCELLED_COPY }),
      ...refusals,
      404: failures[404],
      413: bodyRefusals[413],
    },
  });

  return createRouter()
    .openapi(post, async (context) => {
      const request = parseCopyRequest(withDefaults(config, context.req.valid("json")));
      allowed.copy(request);
      const { prefer = "" } = context.req.valid("header");
      if (durable && prefersAsync(prefer)) {
        const copy = await startDurableCopy(request, { durable, engine: openEngine() });
        return context.json(copy, 202, {
          location: `/v1/copies/${copy.id}`,
          "preference-applied": "respond-async",
        });
      }
      return streamAnswer(context, options, async (send, { signal, log, emit: watch }) => {
        const emit: Emit = (event) => {
          watch(event);
          send(event);
        };
        const approve = allowed.plan;
        await runCopy(request, { engine: openEngine(), log, emit, signal, approve });
      });
    })
    .openapi(get, async (context) => {
      const { id } = context.req.valid("param");
      return context.json(await durable?.get(id) ?? notFound(id, durable !== undefined), 200);
    })
    .openapi(cancel, async (context) => {
      const { id } = context.req.valid("param");
      return context.json(await durable?.cancel(id) ?? notFound(id, durable !== undefined), 200);
    });
}

function notFound(id: string, isDurable: boolean): never {
  throw new RequestError("not_found", `there is no copy ${id}`, {
    ...(isDurable ? {} : { hint: "this server has no durable runner: its copies run inline" }),
  });
}
