import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { toText } from "@std/streams/to-text";
import { createRemoteJWKSet, customFetch, errors, jwksCache, jwtVerify } from "jose";
import type { ExportedJWKSCache, JWKSCacheInput } from "jose";
import { CrossdockError, SilenceError } from "../../errors.ts";
import type { Runtime } from "../../runtime.ts";
import { WebhookError } from "./webhook_error.ts";

/** Google's public keys and when they were fetched. Plain data, which requests may share. Start with `{}`. */
export type GoogleKeys = ExportedJWKSCache | Record<string, never>;

/** `jwks_uri` of https://accounts.google.com/.well-known/openid-configuration */
const KEYS_URL = new URL("https://www.googleapis.com/oauth2/v3/certs");

/** Google's tokens have one of these. https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken */
const ISSUERS = ["https://accounts.google.com", "accounts.google.com"];

/** The allowed difference between this host's clock and Google's. */
const CLOCK_TOLERANCE_S = 60;

/** Two or three keys have 1.5 KiB. */
const MAX_KEYS_BYTES = 256 * 1024;

const KEYS_TIMEOUT_MS = 5000;

/**
 * Verifies the token of a Pub/Sub push: Google's signature, audience, issuer, time and service account. Google's keys are fetched
 * if none are known, if they are ten minutes old, and if a token names an unknown key, at most twice a minute.
 * https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 *
 * @throws WebhookError `unauthorized`; CrossdockError `registry`, NetworkError or SilenceError if the keys cannot be fetched
 */
export async function verifyGoogleToken(
  token: string,
  wanted: { readonly audience: string; readonly emails: readonly string[] },
  { runtime, keys }: {
    readonly runtime: Pick<Runtime, "fetch" | "now">;
    readonly keys: GoogleKeys;
  },
): Promise<void> {
  const keySet = createRemoteJWKSet(KEYS_URL, {
    timeoutDuration: KEYS_TIMEOUT_MS,
    [customFetch]: (url, { headers, method, signal }) =>
      fetchKeys(runtime, { url: new URL(url), headers, method, signal }),
    [jwksCache]: keys as JWKSCacheInput,
  });
  const payload = await jwtVerify(token, keySet, {
    algorithms: ["RS256"],
    audience: wanted.audience,
    issuer: ISSUERS,
    requiredClaims: ["exp", "email"],
    clockTolerance: CLOCK_TOLERANCE_S,
    currentDate: new Date(runtime.now()),
  }).then((verified) => verified.payload, (error) => {
    throw toTokenError(error);
  });
  const { email, email_verified } = payload;
  if (email_verified !== true || !wanted.emails.some((one) => one === email)) {
    throw reject("its service account is not verified, or not one of emails");
  }
}

async function fetchKeys(
  runtime: Pick<Runtime, "fetch">,
  request: Parameters<Runtime["fetch"]>[0],
): Promise<Response> {
  const response = await runtime.fetch(request);
  const what = `fetch the keys of ${request.url.host}`;
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new CrossdockError("registry", `${what}: it answered ${response.status}, expected 200`, {
      isTemporary: true,
    });
  }
  try {
    const limit = new LimitedBytesTransformStream(MAX_KEYS_BYTES, { error: true });
    return new Response(response.body && await toText(response.body.pipeThrough(limit)));
  } catch (cause) {
    throw new CrossdockError(
      "registry",
      `${what}: its response is truncated or longer than ${MAX_KEYS_BYTES} bytes`,
      {
        cause,
        isTemporary: true,
      },
    );
  }
}

function toTokenError(error: unknown): Error {
  if (error instanceof errors.JWKSTimeout) {
    return new SilenceError(`fetch the keys of ${KEYS_URL.host}`, KEYS_TIMEOUT_MS);
  }
  if (error instanceof errors.JWTExpired) return reject("it has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return reject(`its ${error.claim} is missing or does not match the configuration`);
  }
  if (error instanceof CrossdockError) return error;
  // These two errors of jose concern the keys; all others concern the token.
  const isOfKeys = error instanceof errors.JWKSInvalid ||
    error instanceof errors.JOSEError && error.code === errors.JOSEError.code;
  if (error instanceof errors.JOSEError && !isOfKeys) {
    return reject("its signature is not Google's");
  }
  return new CrossdockError("registry", `fetch the keys of ${KEYS_URL.host}: they cannot be read`, {
    cause: error,
    isTemporary: true,
  });
}

function reject(why: string): WebhookError {
  return new WebhookError("unauthorized", `verify Google's token: ${why}`, {
    hint: "set audience and emails of the hook to the values of the push subscription",
  });
}
