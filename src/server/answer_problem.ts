import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Problem } from "../problem.ts";
import type { AppEnv } from "./app_options.ts";

/** A problem as the answer to a request. */
export function answerProblem(
  context: Context<AppEnv>,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const retryAfter: Record<string, string> = problem.retryAfterMs === undefined
    ? {}
    : { "retry-after": `${Math.ceil(problem.retryAfterMs / 1000)}` };
  const body = JSON.stringify({ ...problem, requestId: context.get("requestId") });
  return context.body(body, problem.status as ContentfulStatusCode, {
    "content-type": "application/problem+json",
    ...retryAfter,
    ...headers,
  });
}
