import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { toText } from "@std/streams/to-text";
import { createRemoteJWKSet, customFetch, errors, jwksCache, jwtVerify } from "jose";
import type { ExportedJWKSCache, JWKSCacheInput } from "jose";
import { CrossdockError, SilenceError } from "../../errors.ts";
import type { Runtime } from "../../runtime.ts";
import { WebhookError } from "./webhook_error.ts";

/** Google's public keys and when they were fetched: plain data, which requests may share. Begin with `{}`. */
export type GoogleKeys = ExportedJWKSCache | Record<string, never>;

/** Where https://accounts.google.com/.well-known/openid-configuration says that the keys are. */
const KEYS_URL = new URL("https://www.googleapis.com/oauth2/v3/certs");

/** Google's tokens carry either. https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken */
const ISSUERS = ["https://accounts.google.com", "accounts.google.com"];

/** What a clock here may differ from Google's. */
const CLOCK_TOLERANCE_S = 60;

/** Two or three keys take 1.5 KiB. */
const MAX_KEYS_BYTES = 256 * 1024;

const KEYS_TIMEOUT_MS = 5000;

/**
 * Checks the token with which Pub/Sub signs a push: Google's signature, audience, issuer, time, and for which service account
 * it was made. The keys are fetched when none are known or they are ten minutes old, and when a token names another one,
 * twice a minute at most.
 * https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions
 *
 * @throws WebhookError `unauthorized`; CrossdockError `registry`, NetworkError or SilenceError when the keys cannot be had
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
    throw toRefusal(error);
  });
  const { email, email_verified } = payload;
  if (email_verified !== true || !wanted.emails.some((one) => one === email)) {
    throw refuse("it is for another service account than those that are allowed");
  }
}

async function fetchKeys(
  runtime: Pick<Runtime, "fetch">,
  request: Parameters<Runtime["fetch"]>[0],
): Promise<Response> {
  const response = await runtime.fetch(request);
  const what = `get the keys of ${request.url.host}`;
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new CrossdockError("registry", `${what}: it answered ${response.status}`, {
      isTemporary: true,
    });
  }
  try {
    const limit = new LimitedBytesTransformStream(MAX_KEYS_BYTES, { error: true });
    return new Response(response.body && await toText(response.body.pipeThrough(limit)));
  } catch (cause) {
    throw new CrossdockError("registry", `${what}: its answer broke off or has no end`, {
      cause,
      isTemporary: true,
    });
  }
}

function toRefusal(error: unknown): Error {
  if (error instanceof errors.JWKSTimeout) {
    return new SilenceError(`get the keys of ${KEYS_URL.host}`, KEYS_TIMEOUT_MS);
  }
  if (error instanceof errors.JWTExpired) return refuse("it has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refuse(`its ${error.claim} is missing or is not as configured`);
  }
  if (error instanceof CrossdockError) return error;
  // The rest of what jose throws is about the token, but for these, which are about the keys.
  const isOfKeys = error instanceof errors.JWKSInvalid ||
    error instanceof errors.JOSEError && error.code === errors.JOSEError.code;
  if (error instanceof errors.JOSEError && !isOfKeys) {
    return refuse("its signature is not Google's");
  }
  return new CrossdockError("registry", `get the keys of ${KEYS_URL.host}: they cannot be read`, {
    cause: error,
    isTemporary: true,
  });
}

function refuse(why: string): WebhookError {
  return new WebhookError("unauthorized", `verify token of Google: ${why}`, {
    hint: "compare the audience and the service account with those of the push subscription",
  });
}
