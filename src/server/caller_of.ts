import type { Context } from "hono";
import type { Caller } from "../rules/rules.ts";
import type { AppEnv } from "./app_options.ts";

/** The caller of a request, for the history. */
export function callerOf(context: Context<AppEnv>): Caller {
  return { token: context.get("caller")?.name, requestId: context.get("requestId") };
}
