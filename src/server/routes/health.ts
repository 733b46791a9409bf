/** `/healthz` and `/readyz`. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import type { AppOptions } from "../app_options.ts";
import { RequestError } from "../../problem.ts";
import { json, refusals } from "../responses.ts";
import { createRouter } from "../router.ts";

const healthSchema = z.object({ status: z.literal("ok") }).meta({
  id: "Health",
  description: "That all is well",
});

const OK = { status: "ok" } as const;

const live = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the server lives",
  operationId: "isAlive",
  tags: ["Health"],
  responses: { 200: json("It does", healthSchema, { alive: OK }) },
});

const ready = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether configuration and credentials are in order",
  operationId: "isReady",
  tags: ["Health"],
  responses: { 200: json("They are", healthSchema, { ready: OK }), 503: refusals[503] },
});

/** A server that runs has had its configuration checked; one that has not answers 503 by `createBrokenApp`. */
// deno-lint-ignore explicit-function-return-type
export function healthRoutes({ isStopping }: AppOptions) {
  return createRouter()
    .openapi(live, (context) => context.json(OK, 200))
    .openapi(ready, (context) => {
      if (isStopping?.()) throw stopping();
      return context.json(OK, 200);
    });
}

/** Refuses new work because the host is about to end. */
export function stopping(): RequestError {
  return new RequestError("aborted", "the server is about to stop", {
    hint: "try again: another one, or the next one, takes it",
    headers: { "retry-after": "5" },
  });
}
