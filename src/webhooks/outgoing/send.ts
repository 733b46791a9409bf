/** Webhooks that go out: signed as Standard Webhooks has it, tried again by its schedule. */
import { Webhook } from "standardwebhooks";
import { CrossdockError, SilenceError } from "../../errors.ts";
import type { ErrorCode } from "../../errors.ts";
import { parseRetryAfter } from "../../retry.ts";
import type { Runtime } from "../../runtime.ts";
import type { CloudEvent } from "./notice.ts";

export interface WebhookTarget {
  readonly url: URL;
  /** `whsec_` and base64. With several the request has a signature by each, so that they can be exchanged. */
  readonly secrets: readonly string[];
}

export interface DeliverOptions {
  readonly runtime: Pick<Runtime, "fetch" | "now">;
  /** Asked before every attempt whether it may go there; throws if not. */
  readonly guard: (url: URL) => void | Promise<void>;
  /** How long to wait for an answer, in milliseconds. Default 15 000, the least that the specification recommends. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SendOptions extends DeliverOptions {
  readonly runtime: Pick<Runtime, "fetch" | "now" | "random" | "sleep">;
  /** How often it is tried again. Default 3: for half an hour. At most 9: for three days. */
  readonly retries?: number;
  /** Ends the waiting for the next attempt, and no attempt: whoever is about to stop makes one, and no more. */
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

/** Receivers that were away do not get everything at the same moment. */
const JITTER = 0.2;

/**
 * How long to wait before the next attempt, in milliseconds, or `undefined` to give up. A receiver may ask for more than the
 * schedule has, up to its longest wait.
 *
 * @param attempt how many times it was tried again already: 0 after the first failure
 * @param retries how many times it may be tried again
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
 * Sends an event and waits in between. Whoever cannot wait that long calls {@linkcode deliver} and keeps the time by
 * {@linkcode deliveryDelayMs}.
 *
 * @throws what {@linkcode deliver} threw last; the reason of the signal that ended the waiting
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
 * Makes one attempt. Any 2xx is a success; a redirect is not followed and is none.
 *
 * @throws CrossdockError for any other answer, temporary for 408, 429 and 5xx; NetworkError or SilenceError without one; what
 * the guard threw. None names more of the URL than its host, for the rest may be a secret.
 */
export async function deliver(
  event: CloudEvent,
  { url, secrets }: WebhookTarget,
  { runtime, guard, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: DeliverOptions,
): Promise<void> {
  await guard(url);
  const what = `send ${event.type} to ${url.host}`;
  const body = JSON.stringify(event);
  const now = runtime.now();
  const headers = new Headers({
    "content-type": "application/cloudevents+json; charset=utf-8",
    "user-agent": "crossdock",
    "webhook-id": event.id,
    "webhook-timestamp": `${Math.floor(now / 1000)}`,
    "webhook-signature": secrets
      .map((secret) => new Webhook(secret).sign(event.id, new Date(now), body))
      .join(" "),
  });
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  try {
    const any = signal ? AbortSignal.any([signal, timeout]) : timeout;
    response = await runtime.fetch({ method: "POST", url, headers, body, signal: any });
  } catch (error) {
    if (timeout.aborted && !signal?.aborted) {
      throw new SilenceError(what, timeoutMs, {
        hint: "a receiver does best to answer first and work then",
      });
    }
    throw error;
  }
  // Nothing is read of it; a body that cannot be let go of makes no difference.
  await response.body?.cancel().catch(() => {});
  if (!response.ok) throw toDeliveryError(what, response, runtime.now());
}

function toDeliveryError(what: string, { status, headers }: Response, now: number): CrossdockError {
  const isTemporary = status === 408 || status === 429 || status >= 500;
  return new CrossdockError(toCode(status), `${what}: it answered ${status}, want 2xx`, {
    isTemporary,
    retryAfterMs: isTemporary ? parseRetryAfter(headers.get("retry-after"), now) : undefined,
    hint: status >= 300 && status < 400 ? "give the address that it redirects to" : undefined,
  });
}

function toCode(status: number): ErrorCode {
  if (status === 429) return "rate_limited";
  if (status === 401 || status === 403) return "denied";
  return status === 404 || status === 410 ? "not_found" : "registry";
}
