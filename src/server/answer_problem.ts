import type { Context } from "hono";
import type { RouterRoute } from "hono/types";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { RequestError } from "../problem.ts";
import type { Problem } from "../problem.ts";
import type { AppEnv } from "./app_options.ts";

/** Responds with a problem. */
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

/** Responds with 405 and the methods that the path supports, or with 404. */
export function answerMissingRoute(
  context: Context<AppEnv>,
  routes: readonly RouterRoute[],
): Response {
  const { method, path } = context.req;
  const methods = new Set(
    routes
      .filter((route) => route.method !== "ALL" && toPattern(route.path).test(path))
      .map((route) => route.method),
  );
  if (methods.has("GET")) methods.add("HEAD");
  const error = methods.size > 0
    ? new RequestError("usage", `${path} does not support the method ${method}`, {
      status: 405,
      headers: { allow: [...methods].join(", ") },
    })
    : new RequestError("not_found", `no route at ${path}`, {
      hint: "GET /docs lists the routes of the API",
    });
  return answerProblem(context, error.problem, error.headers);
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/:[^/]+/g, "[^/]+").replaceAll(".", "\\.")}$`);
}
