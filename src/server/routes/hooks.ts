/** `/hooks/{name}`: receives push events from registries. */
import type { Context } from "hono";
import { MAX_WEBHOOK_BYTES, WebhookError } from "../../webhooks/incoming/webhook_error.ts";
import type { AppEnv, AppOptions } from "../app_options.ts";
import { withFields } from "../../log.ts";
import type { HookMemory } from "../../config/setup.ts";
import { RequestError } from "../../problem.ts";
import type { HookReceiver } from "../../rules/receive_hook.ts";
import { BodyBudget, readRequestBody } from "../request_body.ts";
import type { HeldBody } from "../request_body.ts";
import { createRouter } from "../router.ts";

/** Time for the body of an event. Senders give up after 10 to 30 s. */
const BODY_TIMEOUT_MS = 15_000;

/** Bytes of events that may be held at once, before they are verified: 32 of the longest. */
const MAX_UNVERIFIED_BYTES = 32 * MAX_WEBHOOK_BYTES;

/** A hook with its secret in the path returns 404 for a wrong secret, so that callers cannot detect the hook. */
const STATUSES = { unauthorized: 401, not_found: 404, limit: 413, usage: 400 } as const;

/**
 * The routes do not validate the body by a schema: the receiver must verify its exact bytes before it parses them.
 */
// deno-lint-ignore explicit-function-return-type
export function hookRoutes(options: AppOptions, receiveHook: HookReceiver, hooks: HookMemory) {
  const budget = new BodyBudget(MAX_UNVERIFIED_BYTES);
  const handle = (context: Context<AppEnv>): Promise<Response> =>
    receive(context, { ...options, receiveHook, hooks, budget });
  return createRouter()
    .on(["POST", "OPTIONS"], "/hooks/:name", handle)
    .on(["POST", "OPTIONS"], "/hooks/:name/:secret", handle);
}

interface ReceiveOptions extends Pick<AppOptions, "config" | "now" | "log"> {
  readonly receiveHook: HookReceiver;
  /** The last requests of each hook. */
  readonly hooks: HookMemory;
  readonly budget: BodyBudget;
}

async function receive(
  context: Context<AppEnv>,
  { receiveHook, hooks, config, now, log, budget }: ReceiveOptions,
): Promise<Response> {
  const { name = "", secret } = context.req.param();
  const { method, raw } = context.req;
  let held: HeldBody | undefined;
  const readBody = async (): Promise<Uint8Array<ArrayBuffer>> => {
    const limits = { maxBytes: MAX_WEBHOOK_BYTES, timeoutMs: BODY_TIMEOUT_MS, budget };
    held = await readRequestBody(raw, limits);
    return held.bytes;
  };
  const withId = withFields(log, { requestId: context.get("requestId") });
  try {
    const answer = await receiveHook(
      name,
      { method, headers: raw.headers, readBody, pathSecret: secret },
      withId,
    );
    const state = answer.kind === "answer" ? "answered" : answer.kind;
    const why = answer.kind === "ignored" ? { why: answer.why } : {};
    hooks.set(name, { ...hooks.get(name), lastEvent: { at: now(), state, ...why } });
    if (answer.kind === "answer") return context.body(answer.body, 200, answer.headers);
    if (answer.kind === "accepted") return context.json({ state: "accepted" }, 202);
    withId("debug", "event ignored", { hook: name, why: answer.why });
    return context.json({ state: "ignored", why: answer.why }, 202);
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    const { code, message, hint } = error;
    withId("warn", "event rejected", { code, detail: message });
    // Callers choose the names of hooks that do not exist.
    if (config.sync.webhooks.incoming.has(name)) {
      const lastRefusal = { at: now(), code, detail: message, hint };
      hooks.set(name, { ...hooks.get(name), lastRefusal });
    }
    throw new RequestError(code, message, {
      status: STATUSES[code],
      ...(code === "unauthorized" ? { headers: { "www-authenticate": "Webhook" } } : {}),
      ...(hint === undefined ? {} : { hint }),
    });
  } finally {
    held?.release();
  }
}
