/** `/hooks/{name}`: registries tell of their pushes. */
import type { Context } from "hono";
import type { RouteConfig } from "@hono/zod-openapi";
import * as z from "zod";
import { WebhookError } from "../../webhooks/incoming/webhook_error.ts";
import type { AppEnv, AppOptions } from "../app_options.ts";
import { WEBHOOK } from "../document.ts";
import { HOOKS } from "../examples.ts";
import { withFields } from "../../log.ts";
import type { Log } from "../../log.ts";
import { RequestError } from "../../problem.ts";
import type { HookReceiver } from "../../rules/receive_hook.ts";
import {
  bodyRefusals,
  everyAnswer,
  failures,
  parameterExamples,
  refusals,
  toExamples,
} from "../responses.ts";
import { createRouter } from "../router.ts";
import { hookAnswerSchema } from "../schemas.ts";

/** 404 where the path has to hold a secret: nothing says that there is a hook. */
const STATUSES = { unauthorized: 401, not_found: 404, limit: 413, usage: 400 } as const;

const DESCRIPTION =
  "For a registry, which proves itself as the configuration of the hook says (docs/webhooks.md): no token of the API is asked " +
  "for. An event is a hint where to look; what is copied to where is in the rules. It is answered before anything is copied.";

function operation(
  example: { hook: string; secret?: string; body: unknown },
  { operationId, summary }: { operationId: string; summary: string },
): RouteConfig {
  const { hook, secret, body } = example;
  const answers = { description: "Taken", headers: everyAnswer };
  return {
    method: "post",
    path: secret === undefined ? "/hooks/{name}" : "/hooks/{name}/{secret}",
    operationId,
    tags: ["Webhooks"],
    summary,
    description: DESCRIPTION,
    security: [{ [WEBHOOK]: [] }],
    request: {
      params: z.object({
        name: z.string().meta({
          description: "as in the configuration",
          ...parameterExamples({ push: hook }),
        }),
        ...(secret === undefined
          ? {}
          : { secret: z.string().meta(parameterExamples({ push: secret })) }),
      }),
      body: {
        required: true,
        content: {
          "application/json": {
            schema: z.unknown().meta({ description: "What the sender sends" }),
            examples: toExamples({ push: body }),
          },
        },
      },
    },
    responses: {
      202: {
        ...answers,
        content: {
          "application/json": {
            schema: hookAnswerSchema,
            examples: toExamples({ push: { state: "accepted" } }),
          },
        },
      },
      400: refusals[400],
      401: refusals[401],
      404: failures[404],
      413: bodyRefusals[413],
      500: refusals[500],
      502: failures[502],
      503: refusals[503],
      504: failures[504],
    },
  };
}

const OPERATIONS = [
  operation(HOOKS.plain, { operationId: "receiveEvent", summary: "Take an event of a registry" }),
  operation(HOOKS.quay, {
    operationId: "receiveEventBySecret",
    summary: "Take an event of a registry that can prove nothing but that it knows the path",
  }),
];

/**
 * The routes check neither the shape of a body nor its type: nothing of it is read before it is verified, and it is verified
 * to the byte.
 */
// deno-lint-ignore explicit-function-return-type
export function hookRoutes({ log }: AppOptions, receiveHook: HookReceiver) {
  const router = createRouter();
  for (const operation of OPERATIONS) router.openAPIRegistry.registerPath(operation);
  const handle = (context: Context<AppEnv>): Promise<Response> => take(context, receiveHook, log);
  return router
    .on(["POST", "OPTIONS"], "/hooks/:name", handle)
    .on(["POST", "OPTIONS"], "/hooks/:name/:secret", handle);
}

async function take(
  context: Context<AppEnv>,
  receiveHook: HookReceiver,
  log: Log,
): Promise<Response> {
  const { name = "", secret } = context.req.param();
  const { method, raw: { headers } } = context.req;
  const body = new Uint8Array(await context.req.arrayBuffer());
  const withId = withFields(log, { requestId: context.get("requestId") });
  try {
    const answer = await receiveHook(
      name,
      { method, headers, body, pathSecret: secret },
      withId,
    );
    if (answer.kind === "answer") return context.body(answer.body, 200, answer.headers);
    if (answer.kind === "accepted") return context.json({ state: "accepted" }, 202);
    withId("debug", "event ignored", { hook: name, why: answer.why });
    return context.json({ state: "ignored", why: answer.why }, 202);
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    const { code, message, hint } = error;
    withId("warn", "event refused", { code, detail: message });
    throw new RequestError(code, message, {
      status: STATUSES[code],
      ...(code === "unauthorized" ? { headers: { "www-authenticate": "Webhook" } } : {}),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
