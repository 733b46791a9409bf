/** `/healthz` and `/readyz`. */
import * as z from "zod";
import type { AppOptions } from "../app_options.ts";
import { RequestError } from "../../problem.ts";
import { createRouter } from "../router.ts";

export const healthSchema = z.object({ status: z.literal("ok") }).meta({
  id: "Health",
  description: "That all is well",
});

const OK = { status: "ok" } as const;

/** A server that runs has had its configuration checked; one that has not answers 503 by `createBrokenApp`. */
// deno-lint-ignore explicit-function-return-type
export function healthRoutes({ isStopping }: AppOptions) {
  return createRouter()
    .get("/healthz", (context) => context.json(OK, 200))
    .get("/readyz", (context) => {
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
