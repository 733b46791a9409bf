/** `/metrics`, on long-running hosts only. */
import { secured } from "../access.ts";
import type { AppOptions } from "../app_options.ts";
import { createRouter } from "../router.ts";

/** @param expose returns the metrics in the Prometheus text format */
// deno-lint-ignore explicit-function-return-type
export function metricsRoutes(
  options: AppOptions,
  expose: NonNullable<AppOptions["metrics"]>,
) {
  return createRouter().get(
    "/metrics",
    secured("read", options, { takesQuery: true }),
    async (context) => {
      const { contentType, text } = await expose();
      return context.text(text, 200, { "content-type": contentType });
    },
  );
}
