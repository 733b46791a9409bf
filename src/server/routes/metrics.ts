/** `/metrics`, where the host lives long enough to count. */
import { createRoute } from "@hono/zod-openapi";
import * as z from "zod";
import { secured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import { METRICS } from "../examples.ts";
import { everyAnswer, refusals, toExamples } from "../responses.ts";
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
    operationId: "getMetrics",
    tags: ["Health"],
    summary: "Counts in Prometheus' text format",
    description: "Served where the host lives long enough to count, which Workers does not.",
    ...secured("read", options, { takesQuery: true }),
    responses: {
      200: {
        description: "The counts since the server started",
        headers: everyAnswer,
        content: { "text/plain": { schema: z.string(), examples: toExamples({ some: METRICS }) } },
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
