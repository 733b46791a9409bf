/**
 * Google's Artifact Registry without a helper program: a service account's key becomes an access token that the registry
 * takes as a password. docs/registries/artifact-registry.md
 */
import { importPKCS8, SignJWT } from "jose";
import { CrossdockError, ParseError } from "../errors.ts";
import { cloudCredentials } from "./cloud_credentials.ts";
import type { CloudMemory, ExpiringMatch } from "./cloud_credentials.ts";
import type { CredentialSources } from "./credentials.ts";
import { exchange, oauthSchema, quoteAnswer, toExchangeError } from "./exchange.ts";
import type { FetchForExchange } from "./exchange.ts";
import { parseServiceAccount } from "./service_account.ts";
import type { ServiceAccount } from "./service_account.ts";

export interface ArtifactRegistryOptions {
  /** The text of the JSON file of a service account's key. */
  readonly serviceAccount: string;
  readonly fetch: FetchForExchange;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Which hosts get the token, for a registry behind a name of its own. Default: {@linkcode isArtifactRegistry}. */
  readonly matches?: (registry: string) => boolean;
  /** Where the key came from, for people. Default: `GOOGLE_SERVICE_ACCOUNT`. */
  readonly from?: string;
  /** What sources with the same key learnt before. Default: nothing. */
  readonly memory?: CloudMemory;
}

/** The only scope of the Artifact Registry API that allows to write: googleapis, artifactregistry/v1, `auth.oauth2.scopes`. */
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

/** The most that Google takes, and as long as the token is good. */
const ASSERTION_LIFETIME_S = 3600;

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/**
 * Credentials for the hosts of Artifact Registry and Container Registry and for no other: user `oauth2accesstoken` with an
 * access token of the service account. One token serves all of its registries for an hour.
 *
 * Look-ups reject with CrossdockError `unauthorized` or `denied` when Google refuses the key, `rate_limited` or `registry`
 * when it answers anything but a token, and with ParseError for a private key that is damaged.
 *
 * @throws {ParseError} for a key that is not a service account's, naming the member and never quoting it
 */
export function artifactRegistryCredentials(options: ArtifactRegistryOptions): CredentialSources {
  const { now, matches = isArtifactRegistry, from = "GOOGLE_SERVICE_ACCOUNT" } = options;
  const account = parseServiceAccount(options.serviceAccount, from);
  const request = (): Promise<ExpiringMatch> => getToken(account, { ...options, from });
  return cloudCredentials({
    now,
    from,
    memory: options.memory,
    service: "Google Artifact Registry",
    find: (registry) => matches(registry) ? { key: "", request } : undefined,
  });
}

/**
 * Whether a host serves images of Artifact Registry: `LOCATION-docker.pkg.dev`, or `gcr.io` and its regions, which it took
 * over. Other hosts of `pkg.dev` serve packages of other kinds.
 * https://cloud.google.com/artifact-registry/docs/transition/transition-from-gcr
 */
export function isArtifactRegistry(registry: string): boolean {
  return /^(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z0-9-]+\.)?gcr\.io)$/.test(registry.toLowerCase());
}

/** https://developers.google.com/identity/protocols/oauth2/service-account#httprest */
async function getToken(
  account: ServiceAccount,
  { fetch, now, from }: ArtifactRegistryOptions & { from: string },
): Promise<ExpiringMatch> {
  const { tokenUri: url } = account;
  const what = "get a token for Google Artifact Registry";
  const assertion = await signAssertion(account, now(), from);
  const answer = await exchange({
    fetch,
    url,
    headers: new Headers({ "content-type": "application/x-www-form-urlencoded" }),
    body: new URLSearchParams({ grant_type: GRANT_TYPE, assertion }).toString(),
    what,
    schema: oauthSchema,
  });
  const { error, error_description: description, access_token: token, expires_in } = answer.members;
  if (answer.status !== 200) {
    const secrets = [assertion, account.privateKey];
    const words = [error, description].map((value) => quoteAnswer(value, secrets));
    throw toExchangeError(answer, {
      what,
      url,
      reason: words.filter((word) => word !== "").join(": "),
      hint:
        `check that the key from ${from} and its service account still exist, and this machine's clock`,
    });
  }
  if (token === undefined) {
    throw new CrossdockError("registry", `${what}: ${url.host} answered without a token`);
  }
  return {
    credential: { kind: "basic", username: "oauth2accesstoken", password: token },
    from: `${from} (${account.clientEmail})`,
    expiresAt: now() + 1000 * (expires_in ?? ASSERTION_LIFETIME_S),
  };
}

async function signAssertion(
  { clientEmail, privateKey, privateKeyId, tokenUri }: ServiceAccount,
  nowMs: number,
  from: string,
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1000);
  const key = await importPKCS8(privateKey, "RS256").catch(() => {
    // Without its cause, which could quote the key.
    throw new ParseError(`${from}: private_key: want an RSA key in PKCS #8, got something else`, {
      hint: "give the JSON file of a service account's key as Google made it",
    });
  });
  return await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({ alg: "RS256", typ: "JWT", ...(privateKeyId && { kid: privateKeyId }) })
    .setIssuer(clientEmail)
    .setAudience(tokenUri.href)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ASSERTION_LIFETIME_S)
    .sign(key);
}
