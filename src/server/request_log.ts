import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { AppEnv, AppOptions } from "./app_options.ts";

/** Logs one line per request: method, path, status, duration and the caller's token name. Queries are not logged. */
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
    // A wildcard is the path of a middleware: no route has handled the request.
    onAnswer?.({ route: route.includes("*") ? "none" : route, method, status, ms });
  };
}

/**
 * The last part of a hook's path can be its secret. A path that is nearly right (`//hooks/…`, `/Hooks/…`, `/hook/…`, a prefix, an
 * encoded slash) has it, too.
 */
function withoutSecret(path: string): string {
  if (/^\/hooks\/[a-z-]{1,32}$/.test(path)) return path;
  const exact = /^(\/hooks\/[a-z-]{1,32}\/)[^/]+$/.exec(path);
  if (exact) return `${exact[1]}***`;
  return path.replace(/(hooks?)(?![a-z]).+$/is, "$1/***");
}
