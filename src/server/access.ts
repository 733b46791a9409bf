/** Authorizes callers by bearer token and scope. https://www.rfc-editor.org/rfc/rfc6750 */
import type { Context, MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { findAccessToken } from "../config/access_tokens.ts";
import type { AccessScope } from "../config/access_tokens.ts";
import type { AppEnv, AppOptions } from "./app_options.ts";
import type { ServerConfig } from "../config/server_config.ts";
import { RequestError } from "../problem.ts";
import { invalidRequest, limitRequestBody } from "./router.ts";

/** Enough for the largest copy request: names, options and 64 platforms. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Requires a token of at least this scope, then limits the length of the body. The body of an unauthorized caller is not read.
 *
 * @param route.takesQuery whether the route validates the query by a schema. Otherwise every query parameter is rejected.
 */
export function secured(
  scope: AccessScope,
  options: AppOptions,
  { maxBodyBytes = MAX_BODY_BYTES, takesQuery = false } = {},
): MiddlewareHandler<AppEnv> {
  return every(
    requireScope(scope, options),
    ...(takesQuery ? [] : [rejectQuery]),
    limitRequestBody(maxBodyBytes),
  );
}

/** If unknown parameters were ignored, a caller who sends `?dryRun=true` instead of the body's field would copy. */
const rejectQuery: MiddlewareHandler<AppEnv> = async (context, next) => {
  const errors = Object.keys(context.req.query())
    .map((parameter) => ({ parameter, detail: "unknown parameter" }));
  if (errors.length === 0) return await next();
  throw invalidRequest(errors);
};

/** Requires a token of at least this scope. Without a configured token, every call is rejected. */
function requireScope(
  scope: AccessScope,
  { config, limitTries, addressOf }: AppOptions,
): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    rejectUnconfigured(config);
    if (config.open) return await next();
    const token = /^Bearer +(\S+) *$/i.exec(context.req.header("authorization") ?? "")?.[1];
    const caller = token === undefined ? undefined : await findAccessToken(token, config.tokens);
    if (!caller) {
      const address = addressOf?.(context);
      const isTooMany = token !== undefined && address !== undefined && await limitTries?.(address);
      if (isTooMany) throw tooManyAttempts();
      throw new RequestError(
        "unauthorized",
        token === undefined ? "the bearer token is missing" : "the bearer token is invalid",
        {
          status: 401,
          hint:
            "send the header Authorization: Bearer TOKEN with one of the tokens in CROSSDOCK_TOKENS",
          headers: {
            "www-authenticate": token === undefined ? "Bearer" : 'Bearer error="invalid_token"',
          },
        },
      );
    }
    context.set("caller", caller);
    if (scope === "copy") requireCopyScope(context);
    await next();
  };
}

/** Requires the scope `copy` of an authorized caller: for calls that need it only with some options. */
export function requireCopyScope(context: Context<AppEnv>): void {
  const { scope, name } = context.get("caller") ?? {};
  if (scope !== "read") return;
  throw new RequestError("denied", `the token ${name} has the scope read, expected copy`, {
    headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="copy"' },
  });
}

/** What decides whether a server is configured. */
export interface Configured {
  readonly config: Pick<ServerConfig, "tokens" | "open">;
}

/** Requires a configured server but no token: for pages without secrets that a browser opens. */
export function requireConfigured({ config }: Configured): MiddlewareHandler<AppEnv> {
  return async (_, next) => {
    rejectUnconfigured(config);
    await next();
  };
}

/** A server without tokens and without CROSSDOCK_OPEN serves only the health checks. */
function rejectUnconfigured({ tokens, open }: Configured["config"]): void {
  if (open || tokens.length > 0) return;
  throw new RequestError("unauthorized", "the server has no tokens and rejects all calls", {
    status: 401,
    hint: "set CROSSDOCK_TOKENS on the server, or CROSSDOCK_OPEN=true for local use",
    headers: { "www-authenticate": "Bearer" },
  });
}

function tooManyAttempts(): RequestError {
  return new RequestError("rate_limited", "too many invalid tokens from this address", {
    hint: "retry after 60 seconds",
    headers: { "retry-after": "60" },
  });
}
