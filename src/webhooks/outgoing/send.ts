/** Sends webhooks: signed by Standard Webhooks and repeated on its schedule. */
import { CrossdockError, SilenceError } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import { parseRetryAfter } from "../../retry.ts";
import type { CheckedAddresses, Runtime } from "../../runtime.ts";
import { signWebhook } from "../standard_webhooks.ts";
import type { CloudEvent } from "./notice.ts";

export interface WebhookTarget {
  readonly url: URL;
  /** `whsec_` and base64. The request has one signature for each secret, so that secrets can be replaced. */
  readonly secrets: readonly string[];
}

export interface DeliverOptions {
  readonly runtime: Pick<Runtime, "fetch" | "now">;
  /** Checks the URL before each attempt. Throws if it is not allowed. Returns the addresses to connect to. */
  readonly guard: (url: URL) => CheckedAddresses | void | Promise<CheckedAddresses | void>;
  /** How long to wait for an answer, in milliseconds. Default 15 000, the minimum that the specification recommends. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SendOptions extends DeliverOptions {
  readonly runtime: Pick<Runtime, "fetch" | "now" | "random" | "sleep">;
  /** The number of retries. Default 3, within about half an hour. At most 9, within about three days. */
  readonly retries?: number;
  /** Aborts the wait for the next attempt, but no attempt: a host that stops makes one attempt. Default: `signal`. */
  readonly waitSignal?: AbortSignal | undefined;
}

const DEFAULT_TIMEOUT_MS = 15_000;
const DEFAULT_RETRIES = 3;

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability */
const SCHEDULE_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/** Spreads the retries, so that a receiver that was down does not get all events at once. */
const JITTER = 0.2;

/**
 * Computes the wait before the next attempt, in milliseconds; `undefined` to give up. A receiver may ask for a longer wait, up to 24
 * hours.
 *
 * @param attempt the number of retries so far: 0 after the first failure
 * @param retries the maximum number of retries
 * @param random in `[0, 1)`
 */
export function deliveryDelayMs(
  error: unknown,
  attempt: number,
  retries: number,
  random: number,
): number | undefined {
  const scheduled = SCHEDULE_MS[attempt];
  if (!(error instanceof CrossdockError) || !error.isTemporary) return undefined;
  if (attempt >= retries || scheduled === undefined) return undefined;
  const asked = Math.min(error.retryAfterMs ?? 0, 24 * HOUR_MS);
  return Math.max(scheduled, asked) * (1 + JITTER * random);
}

/**
 * Sends an event, with retries. Hosts that cannot wait that long call {@linkcode deliver} with their own retries.
 *
 * @throws the last error of {@linkcode deliver}; the reason of the signal that aborted a wait
 */
export async function send(
  event: CloudEvent,
  target: WebhookTarget,
  options: SendOptions,
): Promise<void> {
  const { runtime, retries = DEFAULT_RETRIES, signal, waitSignal = signal } = options;
  for (let attempt = 0;; attempt++) {
    try {
      return await deliver(event, target, options);
    } catch (error) {
      const delayMs = deliveryDelayMs(error, attempt, retries, runtime.random());
      if (delayMs === undefined) throw error;
      await runtime.sleep(delayMs, waitSignal);
    }
  }
}

/**
 * Makes one attempt. Any 2xx is a success. Redirects are not followed.
 *
 * @throws CrossdockError for any other answer, temporary for 408, 429 and 5xx; NetworkError or SilenceError without an answer; the
 * guard's error. Errors name only the host of the URL, because the rest may have a secret.
 */
export async function deliver(
  event: CloudEvent,
  { url, secrets }: WebhookTarget,
  { runtime, guard, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: DeliverOptions,
): Promise<void> {
  const checked = await guard(url) ?? undefined;
  const what = `send ${event.type} to ${url.host}`;
  const body = JSON.stringify(event);
  const timestamp = `${Math.floor(runtime.now() / 1000)}`;
  const message = { id: event.id, timestamp, body: new TextEncoder().encode(body) };
  const signatures = await Promise.all(secrets.map((secret) => signWebhook(message, secret)));
  const headers = new Headers({
    "content-type": "application/cloudevents+json; charset=utf-8",
    "user-agent": "crossdock",
    "webhook-id": event.id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  });
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    const any = signal ? AbortSignal.any([signal, timeout]) : timeout;
    response = await runtime.fetch({ method: "POST", url, headers, body, checked, signal: any });
  } catch (error) {
    if (timeout.aborted && !signal?.aborted) {
      throw new SilenceError(what, timeoutMs, {
        hint: "let the receiver answer first and process the event afterwards",
      });
    }
    throw error;
  }
  // The body is not read, and errors of closing it do not matter.
  await response.body?.cancel().catch(() => {});
  if (!response.ok) throw toDeliveryError(what, response, runtime.now());
}

function toDeliveryError(what: string, { status, headers }: Response, now: number): CrossdockError {
  const isTemporary = status === 408 || status === 429 || status >= 500;
  return new CrossdockError(toCode(status), `${what}: it answered ${status}, expected 2xx`, {
    isTemporary,
    retryAfterMs: isTemporary ? parseRetryAfter(headers.get("retry-after"), now) : undefined,
    hint: status >= 300 && status < 400
      ? "set url in webhooks.out to the URL that it redirects to"
      : undefined,
  });
}

function toCode(status: number): ErrorCode {
  if (status === 429) return "rate_limited";
  if (status === 401 || status === 403) return "denied";
  return status === 404 || status === 410 ? "not_found" : "registry";
}
