/** `/v1/copies`: copy now and watch, or start a durable copy and ask for it later. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import type { Emit } from "../../events.ts";
import { requireScope } from "../access.ts";
import type { Allowed } from "../allowed.ts";
import type { AppOptions } from "../app_options.ts";
import { withDefaults } from "../copy_defaults.ts";
import { STREAM_HEADERS, streamEvents } from "../event_stream.ts";
import { RequestError } from "../problem.ts";
import { body, failures, json, refusals } from "../responses.ts";
import { createRouter } from "../router.ts";
import { runCopy } from "../run_copy.ts";
import { copyBody, durableCopySchema, eventSchema } from "../schemas.ts";
import { startDurableCopy } from "../start_durable_copy.ts";
import { watchCall } from "../watch_call.ts";

const idParameter = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/, "not the id of a copy").meta({
    description: "as `Location` gave it",
    example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  }),
});

// deno-lint-ignore explicit-function-return-type
export function copyRoutes(options: AppOptions, allowed: Allowed) {
  const { config, durable, openEngine } = options;

  const post = createRoute({
    method: "post",
    path: "/v1/copies",
    summary: "Copy an image or artifact",
    description:
      "Copies in this request and answers with a stream of events, NDJSON or server-sent ones; the last is `report` or " +
      "`error`. A client that goes away stops the copy. With `Prefer: respond-async` and a durable runner the answer " +
      "is 202, and the copy goes on by itself.",
    middleware: requireScope("copy", options),
    request: {
      body: body(copyBody),
      headers: z.object({
        prefer: z.string().max(256).optional().meta({ description: "`respond-async`" }),
        accept: z.string().max(1024).optional().meta({
          description: "`text/event-stream` for server-sent events",
        }),
      }),
    },
    responses: {
      200: {
        description: "Events, one a line",
        content: {
          "application/x-ndjson": { schema: eventSchema },
          "text/event-stream": { schema: z.string() },
        },
      },
      202: {
        ...json("A durable copy was started, or is under way", durableCopySchema),
        headers: z.object({ location: z.string() }),
      },
      ...failures,
    },
  });

  const get = createRoute({
    method: "get",
    path: "/v1/copies/{id}",
    summary: "State and report of a durable copy",
    middleware: requireScope("read", options),
    request: { params: idParameter },
    responses: { 200: json("The copy", durableCopySchema), ...refusals, 404: failures[404] },
  });

  const cancel = createRoute({
    method: "delete",
    path: "/v1/copies/{id}",
    summary: "Cancel a durable copy",
    description:
      "One that has ended stays as it is. What has arrived stays; the tag does not move.",
    middleware: requireScope("copy", options),
    request: { params: idParameter },
    responses: { 200: json("The copy", durableCopySchema), ...refusals, 404: failures[404] },
  });

  return createRouter()
    .openapi(post, async (context) => {
      const request = withDefaults(config, context.req.valid("json"));
      allowed.copy(request);
      const { prefer = "", accept = "" } = context.req.valid("header");
      if (durable && /(^|[,\s])respond-async($|[,;\s])/i.test(prefer)) {
        const copy = await startDurableCopy(request, { durable, engine: openEngine() });
        return context.json(copy, 202, {
          location: `/v1/copies/${copy.id}`,
          "preference-applied": "respond-async",
        });
      }
      const { now, background, stopSignal } = options;
      const format = accept.includes("text/event-stream") ? "sse" : "ndjson";
      const call = watchCall(context, options);
      const events = streamEvents(
        async (send, signal) => {
          const emit: Emit = (event) => {
            call.emit(event);
            send(event);
          };
          await runCopy(request, { engine: openEngine(), log: call.log, emit, signal });
        },
        { format, now, background, signal: stopSignal },
      );
      return context.body(events, 200, {
        ...STREAM_HEADERS[format],
        "cache-control": "no-store",
        // nginx would hold events back.
        "x-accel-buffering": "no",
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
