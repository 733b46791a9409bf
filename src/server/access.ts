/** Who may call: a bearer token with the scope that the route wants. https://www.rfc-editor.org/rfc/rfc6750 */
import type { MiddlewareHandler } from "hono";
import { every } from "hono/combine";
import { findAccessToken } from "../config/access_tokens.ts";
import type { AccessScope } from "../config/access_tokens.ts";
import type { AppEnv, AppOptions } from "./app_options.ts";
import type { ServerConfig } from "../config/server_config.ts";
import { RequestError } from "../problem.ts";
import { limitRequestBody } from "./router.ts";

/** Names and options; the longest valid copy has 64 platforms. */
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Requires a token of at least this scope. Only after that the body is read, up to its limit.
 *
 * @param route.takesQuery whether the route checks the query by a schema. Otherwise every parameter is refused
 */
export function secured(
  scope: AccessScope,
  options: AppOptions,
  { maxBodyBytes = MAX_BODY_BYTES, takesQuery = false } = {},
): MiddlewareHandler<AppEnv> {
  return every(
    requireScope(scope, options),
    ...(takesQuery ? [] : [refuseQuery]),
    limitRequestBody(maxBodyBytes),
  );
}

/** `?dryRun=true` beside a body that does not say so would copy. */
const refuseQuery: MiddlewareHandler<AppEnv> = async (context, next) => {
  const errors = Object.keys(context.req.query())
    .map((parameter) => ({ parameter, detail: "there is no such parameter" }));
  if (errors.length === 0) return await next();
  const where = errors.map(({ parameter, detail }) => `${parameter}: ${detail}`);
  throw new RequestError("usage", where.join("; "), { errors });
};

/** Lets nobody in without a token of at least this scope; where no token is configured, nobody at all. */
export function requireScope(
  scope: AccessScope,
  { config, limitTries, addressOf }: AppOptions,
): MiddlewareHandler<AppEnv> {
  return async (context, next) => {
    refuseUnconfigured(config);
    if (config.open) return await next();
    const shown = /^Bearer +(\S+) *$/i.exec(context.req.header("authorization") ?? "")?.[1];
    const caller = shown === undefined ? undefined : await findAccessToken(shown, config.tokens);
    if (!caller) {
      const address = addressOf?.(context);
      const isTooMany = shown !== undefined && address !== undefined && await limitTries?.(address);
      if (isTooMany) throw tooManyTries();
      throw new RequestError(
        "unauthorized",
        shown === undefined ? "a bearer token is missing" : "the bearer token is not known",
        {
          status: 401,
          hint: "send Authorization: Bearer and one of the tokens in CROSSDOCK_TOKENS",
          headers: {
            "www-authenticate": shown === undefined ? "Bearer" : 'Bearer error="invalid_token"',
          },
        },
      );
    }
    context.set("caller", caller);
    if (scope === "copy" && caller.scope !== "copy") {
      throw new RequestError("denied", `the token ${caller.name} may read, not copy`, {
        headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="copy"' },
      });
    }
    await next();
  };
}

/** Lets everybody in, with no token, once the server is configured: for what a browser opens and holds no secret. */
export function requireConfigured({ config }: AppOptions): MiddlewareHandler<AppEnv> {
  return async (_, next) => {
    refuseUnconfigured(config);
    await next();
  };
}

/** Without a token and without the setting that opens the server, it serves nothing but health. */
function refuseUnconfigured({ tokens, open }: ServerConfig): void {
  if (open || tokens.length > 0) return;
  throw new RequestError("unauthorized", "no token is configured, so that nobody may call", {
    status: 401,
    hint: "set CROSSDOCK_TOKENS, or CROSSDOCK_OPEN=true for local use",
    headers: { "www-authenticate": "Bearer" },
  });
}

function tooManyTries(): RequestError {
  return new RequestError("rate_limited", "too many wrong tokens from this address", {
    hint: "try again in a minute",
    headers: { "retry-after": "60" },
  });
}
