/** Fakes of Entra's token endpoint and of an Azure registry. Both check the credentials in requests. */
import { SignJWT } from "jose";
import { createRegistry } from "../support/registry.ts";
import type { BearerAuth, EmbeddedRegistry } from "../support/registry.ts";
import { serve } from "../support/serve.ts";
import type { Server } from "../support/serve.ts";

export const ENTRA = {
  tenantId: "409520d4-8100-4d1d-ad47-72432ddcc120",
  clientId: "f0e1d2c3-0000-4000-8000-000000000001",
  clientSecret: "q8Q~secret/with+signs=",
};

export interface EntraServer extends Server {
  /** The tokens issued so far. Only the last one is valid. */
  readonly tokens: string[];
}

/** Issues tokens for an hour at `/{tenant}/oauth2/v2.0/token`. */
export async function startEntra(answer?: () => Response | undefined): Promise<EntraServer> {
  const tokens: string[] = [];
  const server = await serve(async (request) => {
    const form = Object.fromEntries(new URLSearchParams(await request.text()));
    const { pathname } = new URL(request.url);
    if (request.method !== "POST" || pathname !== `/${ENTRA.tenantId}/oauth2/v2.0/token`) {
      return Response.json({ error: "invalid_tenant" }, { status: 400 });
    }
    const isRight = form.grant_type === "client_credentials" && form.client_id === ENTRA.clientId &&
      form.client_secret === ENTRA.clientSecret &&
      form.scope === "https://containerregistry.azure.net/.default";
    if (!isRight) {
      return Response.json({
        error: "invalid_client",
        error_description: "AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1",
      }, { status: 401 });
    }
    const answered = answer?.();
    if (answered) return answered;
    const token = `entra-${tokens.length + 1}`;
    tokens.push(token);
    return Response.json({ token_type: "Bearer", expires_in: 3599, access_token: token });
  });
  return Object.assign(server, { tokens });
}

export interface AcrServer extends Server {
  readonly registry: EmbeddedRegistry;
  /** The forms sent to `/oauth2/exchange` and `/oauth2/token`. */
  readonly exchanges: Record<string, string>[];
  readonly tokenForms: Record<string, string>[];
}

/**
 * A registry that exchanges Entra's tokens for refresh tokens at `/oauth2/exchange`, and these for access tokens at
 * `/oauth2/token`. Access tokens are valid for 75 minutes, which only the token itself says: https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md
 *
 * @param options.refreshLifetimeMs default: three hours
 * @param options.isJwt whether refresh tokens say when they expire. Default: true
 */
export async function startAcr(
  entra: EntraServer,
  options: { now?: () => number; refreshLifetimeMs?: number; isJwt?: boolean } = {},
): Promise<AcrServer> {
  const { now = Date.now, refreshLifetimeMs = 3 * 60 * 60 * 1000, isJwt = true } = options;
  const identityTokens: Record<string, string> = {};
  const lifetime = { isJwt: true, tokenLifetimeSeconds: 75 * 60 };
  const auth: BearerAuth = { type: "bearer", users: {}, identityTokens, ...lifetime };
  const registry = createRegistry({ auth });
  const exchanges: Record<string, string>[] = [];
  const tokenForms: Record<string, string>[] = [];

  async function exchange(request: Request): Promise<Response> {
    const form = Object.fromEntries(new URLSearchParams(await request.text()));
    exchanges.push(form);
    const isRight = form.grant_type === "access_token" && form.service === server.host &&
      form.tenant === ENTRA.tenantId && form.access_token === entra.tokens.at(-1);
    if (!isRight) {
      const errors = [{ code: "UNAUTHORIZED", message: "authentication required" }];
      return Response.json({ errors }, { status: 401 });
    }
    const token = isJwt
      ? await new SignJWT({ jti: `${exchanges.length}` }).setProtectedHeader({ alg: "HS256" })
        .setExpirationTime(Math.floor((now() + refreshLifetimeMs) / 1000))
        .sign(new Uint8Array(32))
      : `refresh-${exchanges.length}`;
    identityTokens[token] = "app";
    return Response.json({ refresh_token: token });
  }

  async function giveToken(request: Request): Promise<Response> {
    const form = await request.text();
    tokenForms.push(Object.fromEntries(new URLSearchParams(form)));
    const { headers } = request;
    const url = new URL("/token", request.url);
    return await registry.fetch(new Request(url, { method: "POST", headers, body: form }));
  }

  const server = await serve((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/oauth2/exchange") return exchange(request);
    return pathname === "/oauth2/token" ? giveToken(request) : registry.fetch(request);
  });
  auth.realm = `${server.url}/oauth2/token`;
  return Object.assign(server, { registry, exchanges, tokenForms });
}
