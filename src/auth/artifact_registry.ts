/**
 * Credentials for Google Artifact Registry without a credential helper. The key of a service account is exchanged for an access
 * token, which the registry accepts as a password. docs/registries/artifact-registry.md
 */
import { CrossdockError } from "../errors.ts";
import { cloudCredentials } from "./cloud_credentials.ts";
import type { CloudMemory, ExpiringMatch } from "./cloud_credentials.ts";
import type { CredentialSources } from "./credentials.ts";
import { exchange, oauthSchema, quoteAnswer, toExchangeError } from "./exchange.ts";
import type { FetchForExchange } from "./exchange.ts";
import { parseServiceAccount } from "./service_account.ts";
import type { ServiceAccount } from "./service_account.ts";

/** The key of a service account, and how to exchange it. */
export interface ArtifactRegistryOptions {
  /** The content of the JSON key file of a service account. */
  readonly serviceAccount: string;
  /** Sends the requests to Google. */
  readonly fetch: FetchForExchange;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Selects the hosts that get the token, for a registry behind a custom domain. Default: {@linkcode isArtifactRegistry}. */
  readonly matches?: (registry: string) => boolean;
  /** The origin of the key, used in messages. Default: `GOOGLE_SERVICE_ACCOUNT`. */
  readonly from?: string;
  /** Credentials cached by sources with the same key. Default: none. */
  readonly memory?: CloudMemory;
}

/** The only scope of the Artifact Registry API with write access: googleapis, artifactregistry/v1, `auth.oauth2.scopes`. */
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

/** The maximum that Google accepts, and the lifetime of the access token. */
const ASSERTION_LIFETIME_S = 3600;

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/**
 * Credentials only for the hosts of Artifact Registry and Container Registry: user `oauth2accesstoken` with an access token of the
 * service account. All registries share one token, which lasts an hour.
 *
 * `lookup()` rejects with CrossdockError `unauthorized` or `denied` if Google rejects the key, with `rate_limited` or `registry`
 * if it returns no token, and with ParseError if Web Crypto rejects the private key.
 *
 * @throws {ParseError} if the text is not the key of a service account. The message names the member and never quotes it
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
 * Whether a host serves images of Artifact Registry: `LOCATION-docker.pkg.dev`, `gcr.io` or `REGION.gcr.io`. The last two were
 * hosts of Container Registry. Other hosts under `pkg.dev` serve other kinds of packages.
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
  // Loaded on use: most processes never call Google.
  const { signAssertion } = await import("./sign_assertion.ts");
  const lifetimeS = ASSERTION_LIFETIME_S;
  const assertion = await signAssertion(account, { now: now(), from, scope: SCOPE, lifetimeS });
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
    const parts = [error, description].map((value) => quoteAnswer(value, secrets));
    throw toExchangeError(answer, {
      what,
      url,
      reason: parts.filter((part) => part !== "").join(": "),
      hint:
        `check that the key from ${from} and its service account still exist, and check this machine's clock`,
    });
  }
  if (token === undefined) {
    throw new CrossdockError("registry", `${what}: the response of ${url.host} has no token`);
  }
  return {
    credential: { kind: "basic", username: "oauth2accesstoken", password: token },
    from: `${from} (${account.clientEmail})`,
    expiresAt: now() + 1000 * (expires_in ?? ASSERTION_LIFETIME_S),
  };
}
