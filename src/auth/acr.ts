/**
 * Credentials for Azure Container Registry without a credential helper. The secret of an app registration is exchanged for a
 * Microsoft Entra token, and that for a refresh token of the registry. The refresh token is used as an identity token.
 * docs/registries/acr.md
 */
import * as z from "zod";
import { CrossdockError, ParseError } from "../errors.ts";
import { isLoopbackRegistry } from "../oci/reference.ts";
import { cloudCredentials } from "./cloud_credentials.ts";
import type { CloudMemory, ExpiringMatch } from "./cloud_credentials.ts";
import type { CredentialSources } from "./credentials.ts";
import { exchange, oauthSchema, quoteAnswer, toExchangeError } from "./exchange.ts";
import type { ExchangeAnswer, FetchForExchange } from "./exchange.ts";
import { FreshCache } from "./fresh_cache.ts";
import { optionalText } from "./read_answer.ts";
import { readJwtExpiry } from "./read_jwt_expiry.ts";

/** The secret of an app registration, and how to exchange it. */
export interface AcrOptions {
  /** The tenant (directory): a GUID or a domain. */
  readonly tenantId: string;
  /** The id of the app registration. */
  readonly clientId: string;
  /** A client secret of the app registration. */
  readonly clientSecret: string;
  /** Default: `https://login.microsoftonline.com`. The clouds of China and of the US government have their own hosts. */
  readonly authorityHost?: string | undefined;
  /** Sends the requests to Microsoft Entra and to the registry. */
  readonly fetch: FetchForExchange;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Selects the hosts that get the token, for a registry behind a custom domain. Default: {@linkcode isAcr}. */
  readonly matches?: (registry: string) => boolean;
  /** The origin of the secret, used in messages. Default: `AZURE_CLIENT_SECRET`. */
  readonly from?: string;
  /** Credentials cached by sources with the same key. Default: none. */
  readonly memory?: CloudMemory;
}

interface EntraToken {
  readonly value: string;
  readonly expiresAt: number;
}

/** A refresh token, or errors in the format of the distribution specification. */
const refreshTokenSchema = z.object({
  refresh_token: optionalText,
  errors: z.array(z.object({ code: optionalText, message: optionalText }))
    .optional().catch(undefined),
});

const AUTHORITY_HOST = "https://login.microsoftonline.com";

/**
 * The audience of the registry. It also accepts tokens for Azure Resource Manager, unless a policy rejects those:
 * azure-policy, ACR_AADAuthenticationAsArmPolicy_AuditDeny.json
 */
const SCOPE = "https://containerregistry.azure.net/.default";

/** Lifetime of an Entra token, used if the response states none. */
const ENTRA_LIFETIME_S = 3600;

/**
 * Credentials only for the hosts of Azure Container Registry: an identity token, which the registry exchanges at its realm. All
 * registries share one Entra token. Each registry has its own refresh token.
 *
 * `lookup()` rejects with CrossdockError `unauthorized` or `denied` if Entra rejects the secret or the registry rejects the token,
 * and with `rate_limited` or `registry` if either returns no token.
 *
 * @throws {ParseError} if the authority host is not an https URL
 */
export function acrCredentials(options: AcrOptions): CredentialSources {
  const { now, matches = isAcr, from = "AZURE_CLIENT_SECRET" } = options;
  const authority = parseAuthority(options.authorityHost || AUTHORITY_HOST, options.tenantId);
  const entra = new FreshCache<EntraToken>({ now, expiryOf: (token) => token.expiresAt });
  const settings = { ...options, from };
  return cloudCredentials({
    now,
    from,
    memory: options.memory,
    service: "Azure Container Registry",
    find: (registry) =>
      matches(registry)
        ? {
          key: registry,
          async request(): Promise<ExpiringMatch> {
            const token = await entra.get("", () => getEntraToken(authority, settings, registry));
            return await getRefreshToken(token, settings, registry);
          },
        }
        : undefined,
  });
}

/**
 * Whether a host is an Azure registry: `NAME.azurecr.io`, in China `.cn`, for the US government `.us`.
 * Azure/azure-cli, src/azure-cli-core/azure/cli/core/cloud.py, `acr_login_server_endpoint`
 */
export function isAcr(registry: string): boolean {
  return /^[a-z0-9][a-z0-9-]*\.azurecr\.(?:io|cn|us)$/.test(registry.toLowerCase());
}

/** https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#first-case-access-token-request-with-a-shared-secret */
async function getEntraToken(
  url: URL,
  { clientId, clientSecret, fetch, now, from }: AcrOptions & { from: string },
  registry: string,
): Promise<EntraToken> {
  const what = `get a Microsoft Entra token for ${registry}`;
  const form = {
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    scope: SCOPE,
  };
  const answer = await postForm({ fetch, url, form, what, schema: oauthSchema });
  if (answer.status !== 200) {
    const { error, error_description: description } = answer.members;
    // "AADSTS7000215: Invalid client secret provided. … Trace ID: …": only the first line is useful.
    const parts = [error, description?.split(/\r?\n/, 1)[0]]
      .map((value) => quoteAnswer(value, [clientSecret]));
    throw toExchangeError(answer, {
      what,
      url,
      reason: parts.filter((part) => part !== "").join(": "),
      hint: `check the secret from ${from}, its expiry date, its client ID and its tenant ID`,
    });
  }
  const { access_token: value, expires_in: seconds = ENTRA_LIFETIME_S } = answer.members;
  return {
    value: requireToken(value, what, url),
    expiresAt: now() + 1000 * seconds,
  };
}

/** https://github.com/Azure/acr/blob/main/docs/AAD-OAuth.md#calling-post-oauth2exchange-to-get-an-acr-refresh-token */
async function getRefreshToken(
  token: EntraToken,
  { tenantId, clientSecret, clientId, fetch, from }: AcrOptions & { from: string },
  registry: string,
): Promise<ExpiringMatch> {
  const what = `get a refresh token for ${registry}`;
  // Plain HTTP for a registry on loopback, as for all other requests to it.
  const url = new URL(
    `${isLoopbackRegistry(registry) ? "http" : "https"}://${registry}/oauth2/exchange`,
  );
  const form = {
    grant_type: "access_token",
    service: registry,
    tenant: tenantId,
    access_token: token.value,
  };
  const answer = await postForm({ fetch, url, form, what, schema: refreshTokenSchema });
  if (answer.status !== 200) {
    const { code, message } = answer.members.errors?.[0] ?? {};
    const parts = [code, message].map((part) => quoteAnswer(part, [token.value, clientSecret]));
    throw toExchangeError(answer, {
      what,
      url,
      reason: parts.filter((part) => part !== "").join(": "),
      hint:
        `assign the role AcrPull or AcrPush on the registry to the app of the secret from ${from}, and check the tenant`,
    });
  }
  const value = requireToken(answer.members.refresh_token, what, url);
  return {
    credential: { kind: "identity_token", token: value },
    from: `${from} (client ${clientId})`,
    expiresAt: readJwtExpiry(value) ?? token.expiresAt,
  };
}

function postForm<Members>(
  { form, ...options }: {
    fetch: FetchForExchange;
    url: URL;
    form: Record<string, string>;
    what: string;
    schema: z.ZodType<Members>;
  },
): Promise<ExchangeAnswer<Members>> {
  return exchange({
    ...options,
    headers: new Headers({ "content-type": "application/x-www-form-urlencoded" }),
    body: new URLSearchParams(form).toString(),
  });
}

function requireToken(token: string | undefined, what: string, url: URL): string {
  if (token !== undefined) return token;
  throw new CrossdockError("registry", `${what}: the response of ${url.host} has no token`);
}

/** Requires https, because the secret is sent there. Plain HTTP is allowed on loopback. */
function parseAuthority(host: string, tenantId: string): URL {
  const url = URL.parse(host);
  const isSafe = url?.protocol === "https:" ||
    (url?.protocol === "http:" && isLoopbackRegistry(url.host));
  if (!url || !isSafe) {
    throw new ParseError(
      `AZURE_AUTHORITY_HOST: expected an https URL, got ${JSON.stringify(host)}`,
      {
        hint: `leave it out to use ${AUTHORITY_HOST}`,
      },
    );
  }
  return new URL(`/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`, url);
}
