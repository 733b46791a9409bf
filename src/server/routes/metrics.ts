/** `/metrics`, where the host lives long enough to count. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { requireScope } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import { refusals } from "../responses.ts";
import { createRouter } from "../router.ts";

/** @param expose gives the counts in Prometheus' text format */
// deno-lint-ignore explicit-function-return-type
export function metricsRoutes(
  options: AppOptions,
  expose: NonNullable<AppOptions["metrics"]>,
) {
  const get = createRoute({
    method: "get",
    path: "/metrics",
    summary: "Counts in Prometheus' text format",
    middleware: requireScope("read", options),
    responses: {
      200: {
        description: "The counts since the server started",
        content: { "text/plain": { schema: z.string() } },
      },
      401: refusals[401],
      429: refusals[429],
    },
  });
  return createRouter().openapi(get, async (context) => {
    const { contentType, text } = await expose();
    return context.text(text, 200, { "content-type": contentType });
  });
}
