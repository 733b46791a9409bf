/** Serves the API below a path of another app. */
import { Hono } from "hono";
import type { Context, ExecutionContext } from "hono";
import type { App } from "./app.ts";
import { setMounted } from "./mounted.ts";

export interface MountOptions {
  /** A path before that of the API, for outer apps that pass requests on unchanged. Default: none. */
  readonly basePath?: string | undefined;
}

/**
 * Creates an app with one route, which passes each request on as it is. So the API keeps its own middleware, errors and context,
 * whatever the outer app has. hono's `route()` would otherwise take only the handlers, without the responses to unknown paths.
 */
export function createMountable(app: App, { basePath = "" }: MountOptions = {}): Hono {
  const base = basePath.replace(/\/+$/, "");
  return new Hono().all("*", async (context) => {
    const request = await restoreBody(context);
    const { path, routePath } = context.req;
    // Of `/mirror/:name/*`, as many parts are the mount's.
    const count = routePath.split("/").length - 2;
    const below = `/${path.split("/").slice(1 + count).join("/")}`;
    const isBelowBase = base !== "" && (below === base || below.startsWith(`${base}/`));
    setMounted(request, {
      path: isBelowBase ? below.slice(base.length) || "/" : below,
      requestId: readRequestId(context),
    });
    return await app.fetch(request, context.env, findExecutionContext(context));
  });
}

/** The request. If middleware of the outer app has read its body through hono, the body is there again. */
async function restoreBody({ req }: Context): Promise<Request> {
  const { raw } = req;
  if (!raw.bodyUsed) return raw;
  const { url, method, headers, signal } = raw;
  return new Request(url, { method, headers, signal, body: await req.arrayBuffer() });
}

function readRequestId(context: Context): string | undefined {
  const id: unknown = context.get("requestId");
  return typeof id === "string" && /^[\w=-]{1,128}$/.test(id) ? id : undefined;
}

/** hono throws where the host has none. */
function findExecutionContext(context: Context): ExecutionContext | undefined {
  try {
    return context.executionCtx;
  } catch {
    return undefined;
  }
}
