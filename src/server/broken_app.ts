import { Hono } from "hono";
import { requestId } from "hono/request-id";
import type { ParseError } from "../errors.ts";
import type { AppEnv } from "./app_options.ts";
import { answerProblem } from "./answer_problem.ts";
import { RequestError } from "../problem.ts";

/**
 * What a host serves that cannot refuse to start, when its configuration is wrong: it lives, is not ready, and does nothing
 * else but say why.
 */
export function createBrokenApp(error: ParseError): Hono<AppEnv> {
  const { problem } = new RequestError("internal", error.message, {
    status: 503,
    title: "The configuration is wrong",
    ...(error.hint ? { hint: error.hint } : {}),
  });
  return new Hono<AppEnv>()
    .use(requestId())
    .get("/healthz", (context) => context.json({ status: "ok" }))
    .all("*", (context) => answerProblem(context, problem));
}
