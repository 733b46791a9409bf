/**
 * Gets a bearer token from a registry's realm: by GET, or by OAuth2 POST where an identity token is at hand.
 *
 * https://distribution.github.io/distribution/spec/auth/token/ and …/oauth/
 */
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import { limitSilence } from "../streams/silence.ts";
import { readBody } from "../streams/chunk_reader.ts";
import { toBytes } from "../streams/to_bytes.ts";
import { basicAuthorization } from "./basic.ts";
import type { CredentialMatch } from "./credentials.ts";
import { formatScope } from "./scope.ts";
import type { Scope } from "./scope.ts";

/** Where tokens are given, as the challenge says. */
export interface Realm {
  readonly url: URL;
  readonly service: string | undefined;
}

export interface Token {
  readonly value: string;
  readonly lifetimeMs: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Sends a token request: retried and timed as any other, but never authenticated by a registry's rules. */
export type FetchForToken = (request: {
  method: "GET" | "POST";
  url: URL;
  headers: Record<string, string>;
  body?: string;
}) => Promise<Response>;

/** "If omitted, this defaults to 60 seconds", the token specification says. */
const DEFAULT_LIFETIME_S = 60;

/** The largest tokens seen are JWTs of a few KiB; ACR's reach 10. */
const MAX_ANSWER_BYTES = 1024 * 1024;

const ANSWER_TIMEOUT_MS = 60_000;

/**
 * Asks the realm for a token.
 *
 * @throws CrossdockError `unauthorized` or `denied` when the realm refuses, `registry` when it answers anything but a token
 */
export async function fetchToken(options: {
  registry: string;
  realm: Realm;
  scopes: readonly Scope[];
  match: CredentialMatch | undefined;
  fetch: FetchForToken;
  now: () => number;
  /** What was looked at for a credential, for an error's hint. */
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
  const answer = await readAnswer(response, realm);
  const value = answer.token ?? answer.access_token;
  if (typeof value !== "string" || value === "" || /[^\x21-\x7e]/.test(value)) {
    throw new CrossdockError(
      "registry",
      `token server ${realm.url.host} of ${registry} answered without a token`,
    );
  }
  const seconds = Number(answer.expires_in);
  const lifetimeMs = 1000 * (seconds > 0 ? seconds : DEFAULT_LIFETIME_S);
  return { value, lifetimeMs, expiresAt: now() + lifetimeMs };
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

async function readAnswer(response: Response, realm: Realm): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await readBounded(response, realm));
  try {
    const answer = JSON.parse(text);
    if (typeof answer === "object" && answer !== null) return answer;
  } catch {
    // The text may hold a token: it is neither shown nor kept as a cause.
  }
  throw new CrossdockError(
    "registry",
    `token server ${realm.url.host} answered something that is no JSON object`,
  );
}

async function readBounded(response: Response, realm: Realm): Promise<Uint8Array<ArrayBuffer>> {
  const what = `read the answer of token server ${realm.url.host}`;
  const toSilence = (): Error => new SilenceError(what, ANSWER_TIMEOUT_MS);
  const reader = limitSilence(readBody(response), ANSWER_TIMEOUT_MS, toSilence);
  try {
    return await toBytes(reader, MAX_ANSWER_BYTES);
  } catch (cause) {
    if (cause instanceof CrossdockError) throw cause;
    if (cause instanceof RangeError) throw new CrossdockError("limit", `${what}: it is too long`);
    throw new NetworkError("reset", `${what}: the connection broke`, { cause });
  }
}
