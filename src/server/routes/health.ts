/** `/healthz` and `/readyz`. */
import * as z from "zod";
import type { AppOptions } from "../app_options.ts";
import { RequestError } from "../../problem.ts";
import { createRouter } from "../router.ts";

export const healthSchema = z.object({ status: z.literal("ok") }).meta({
  id: "Health",
  description: "The server is healthy",
});

const OK = { status: "ok" } as const;

/** The configuration of a running server is valid. For an invalid one, `createBrokenApp` responds with 503. */
// deno-lint-ignore explicit-function-return-type
export function healthRoutes({ isStopping }: AppOptions) {
  return createRouter()
    .get("/healthz", (context) => context.json(OK, 200))
    .get("/readyz", (context) => {
      if (isStopping?.()) throw stopping();
      return context.json(OK, 200);
    });
}

/** Rejects new work because the host is shutting down. */
export function stopping(): RequestError {
  return new RequestError("aborted", "the server is shutting down", {
    hint: "retry: another instance, or the restarted server, accepts the request",
    headers: { "retry-after": "5" },
  });
}
