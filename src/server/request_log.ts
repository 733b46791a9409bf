import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { AppEnv, AppOptions } from "./app_options.ts";

/** Logs one line per request: method, path, status, duration and the caller's token name. Queries are not logged. */
export function logRequests(
  { config, log, now, onAnswer }: AppOptions,
): MiddlewareHandler<AppEnv> {
  const { incoming: hooks } = config.sync.webhooks;
  return async (context, next) => {
    const startedAt = now();
    await next();
    const { method, path } = context.req;
    const { status } = context.res;
    const ms = now() - startedAt;
    const route = routePath(context, -1);
    // A wildcard is the path of a middleware: no route has handled the request.
    const isRouted = !route.includes("*");
    const isHealth = path === "/healthz" || path === "/readyz";
    log(status >= 500 ? "error" : isHealth ? "debug" : "info", "request", {
      requestId: context.get("requestId"),
      method,
      path: isRouted ? maskHook(path, hooks) : maskAll(path),
      status,
      ms,
      caller: context.get("caller")?.name,
    });
    onAnswer?.({ route: isRouted ? route : "none", method, status, ms });
  };
}

/** The last part of a hook's path can be its secret, also if the name before it is missing. */
function maskHook(path: string, hooks: ReadonlyMap<string, unknown>): string {
  const [, name = "", secret] = /^\/hooks\/([^/]+)(\/[^/]+)?$/.exec(path) ?? [];
  if (name === "") return path;
  if (!hooks.has(name)) return "/hooks/***";
  return `/hooks/${name}${secret === undefined ? "" : "/***"}`;
}

/**
 * A path that is nearly that of a hook can have its secret: `//hooks/…`, `/Hooks/…`, `/hook/…`, a prefix, an encoded slash, or
 * only the end of the path behind a proxy that removes the beginning. Secrets have at least 16 characters.
 */
function maskAll(path: string): string {
  return path.replace(/(hooks?)(?![a-z]).+$/is, "$1/***").replace(/[^/]{16,}/g, "***");
}
