/**
 * Gets a bearer token from the realm of a registry: by GET, or by OAuth2 POST with an identity token.
 *
 * https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/
 */
import * as z from "zod";
import { CrossdockError } from "../errors.ts";
import { basicAuthorization } from "./basic.ts";
import type { CredentialMatch } from "./credentials.ts";
import { optionalSeconds, readAnswer } from "./read_answer.ts";
import { readJwtExpiry } from "./read_jwt_expiry.ts";
import { formatScope } from "./scope.ts";
import type { Scope } from "./scope.ts";

/** The token endpoint from the challenge. */
export interface Realm {
  readonly url: URL;
  readonly service: string | undefined;
}

export interface Token {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Sends a token request with the usual timeout, but without the registry's own authentication. */
export type FetchForToken = (request: {
  method: "GET" | "POST";
  url: URL;
  headers: Record<string, string>;
  body?: string;
}) => Promise<Response>;

/** A token is sent in a header, which allows only printable ASCII. */
const tokenText = z.string().regex(/^[\x21-\x7e]+$/).optional().catch(undefined);

/** GET returns `token`, the OAuth2 POST returns `access_token`; many servers return both. */
const answerSchema = z.object({
  token: tokenText,
  access_token: tokenText,
  expires_in: optionalSeconds,
});

/** From the token specification: "If omitted, this defaults to 60 seconds". */
const DEFAULT_LIFETIME_S = 60;

/** Subtracted from an absolute expiry time, because the clocks may differ. */
const CLOCK_SKEW_MS = 60_000;

/**
 * Requests a token from the realm.
 *
 * @throws CrossdockError `unauthorized` or `denied` if the realm rejects the request, `registry` if it returns no token
 */
export async function fetchToken(options: {
  registry: string;
  realm: Realm;
  scopes: readonly Scope[];
  match: CredentialMatch | undefined;
  fetch: FetchForToken;
  now: () => number;
  /** Explains the credential or the searched places, as the hint of an error. */
  explain: () => string;
}): Promise<Token> {
  const { realm, registry, match, now } = options;
  const response = match?.credential.kind === "identity_token"
    ? await postRefreshToken(options, match.credential.token)
    : await getToken(options);
  if (!response.ok) {
    await response.body?.cancel();
    const code = response.status === 403
      ? "denied"
      : response.status === 401 || response.status === 400
      ? "unauthorized"
      : "registry";
    throw new CrossdockError(
      code,
      `token server ${realm.url.host} of ${registry} answered ${response.status}` +
        (match ? ` to the credential from ${match.from}` : " to a request without a credential"),
      { hint: options.explain() },
    );
  }
  const answer = await readAnswer(response, `token server ${realm.url.host}`, answerSchema);
  const value = answer.token ?? answer.access_token;
  if (value === undefined) {
    throw new CrossdockError(
      "registry",
      `the response of token server ${realm.url.host} of ${registry} has no token`,
    );
  }
  return { value, expiresAt: expiryOf(value, answer.expires_in, now()) };
}

/** Uses the lifetime in the response, else the `exp` of the token, but then at least the default lifetime. */
function expiryOf(token: string, seconds: number | undefined, now: number): number {
  if (seconds !== undefined) return now + 1000 * seconds;
  const expiry = readJwtExpiry(token) ?? 0;
  return Math.max(now + 1000 * DEFAULT_LIFETIME_S, expiry - CLOCK_SKEW_MS);
}

function getToken({ realm, scopes, match, fetch }: {
  realm: Realm;
  scopes: readonly Scope[];
  match: CredentialMatch | undefined;
  fetch: FetchForToken;
}): Promise<Response> {
  const url = new URL(realm.url);
  if (realm.service) url.searchParams.set("service", realm.service);
  for (const scope of scopes) url.searchParams.append("scope", formatScope(scope));
  const headers: Record<string, string> = {};
  if (match?.credential.kind === "basic") {
    url.searchParams.set("account", match.credential.username);
    headers.authorization = basicAuthorization(
      match.credential.username,
      match.credential.password,
    );
  }
  return fetch({ method: "GET", url, headers });
}

function postRefreshToken(
  { realm, scopes, fetch }: { realm: Realm; scopes: readonly Scope[]; fetch: FetchForToken },
  refreshToken: string,
): Promise<Response> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: "crossdock",
    scope: scopes.map(formatScope).join(" "),
    refresh_token: refreshToken,
  });
  if (realm.service) form.set("service", realm.service);
  return fetch({
    method: "POST",
    url: realm.url,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  });
}
