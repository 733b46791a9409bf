import type { Context } from "hono";
import type { RouterRoute } from "hono/types";
import type { AppEnv } from "./app_options.ts";
import { answerProblem } from "./answer_problem.ts";
import { RequestError } from "../problem.ts";

/** 405 with what the path does take, or 404. */
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
    ? new RequestError("usage", `${path} does not take ${method}`, {
      status: 405,
      headers: { allow: [...methods].join(", ") },
    })
    : new RequestError("not_found", `there is nothing at ${path}`, {
      hint: "GET /docs shows the API",
    });
  return answerProblem(context, error.problem, error.headers);
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/:[^/]+/g, "[^/]+").replaceAll(".", "\\.")}$`);
}
