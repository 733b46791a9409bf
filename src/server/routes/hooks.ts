/** `/hooks/{name}`: receives push events from registries. */
import type { Context } from "hono";
import { WebhookError } from "../../webhooks/incoming/webhook_error.ts";
import type { AppEnv, AppOptions } from "../app_options.ts";
import { withFields } from "../../log.ts";
import type { Log } from "../../log.ts";
import { RequestError } from "../../problem.ts";
import type { HookReceiver } from "../../rules/receive_hook.ts";
import { createRouter } from "../router.ts";

/** A hook with its secret in the path returns 404 for a wrong secret, so that callers cannot detect the hook. */
const STATUSES = { unauthorized: 401, not_found: 404, limit: 413, usage: 400 } as const;

/**
 * The routes do not validate the body by a schema: the receiver must verify its exact bytes before it parses them.
 */
// deno-lint-ignore explicit-function-return-type
export function hookRoutes({ log }: AppOptions, receiveHook: HookReceiver) {
  const handle = (context: Context<AppEnv>): Promise<Response> =>
    receive(context, receiveHook, log);
  return createRouter()
    .on(["POST", "OPTIONS"], "/hooks/:name", handle)
    .on(["POST", "OPTIONS"], "/hooks/:name/:secret", handle);
}

async function receive(
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
    withId("warn", "event rejected", { code, detail: message });
    throw new RequestError(code, message, {
      status: STATUSES[code],
      ...(code === "unauthorized" ? { headers: { "www-authenticate": "Webhook" } } : {}),
      ...(hint === undefined ? {} : { hint }),
    });
  }
}
