import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { AppEnv, AppOptions } from "./app_options.ts";

/** One line a request: what was asked, by whom, and what came of it. Queries are left out: names are enough in the paths. */
export function logRequests({ log, now, onAnswer }: AppOptions): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    const startedAt = now();
    await next();
    const { method, path } = context.req;
    const { status } = context.res;
    const ms = now() - startedAt;
    const isHealth = path === "/healthz" || path === "/readyz";
    log(status >= 500 ? "error" : isHealth ? "debug" : "info", "request", {
      requestId: context.get("requestId"),
      method,
      path: withoutSecret(path),
      status,
      ms,
      caller: context.get("caller")?.name,
    });
    const route = routePath(context, -1);
    // Where nothing takes the request, the last to see it was a middleware.
    onAnswer?.({ route: route.includes("*") ? "none" : route, method, status, ms });
  };
}

/** The end of a hook's path may be its secret. */
function withoutSecret(path: string): string {
  return path.replace(/^(\/hooks\/[^/]*\/).+$/, "$1***");
}
