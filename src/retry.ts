/** When to try again: a pure function of the attempt and of what went wrong. */
import { CrossdockError } from "./errors.ts";

/** First wait, in milliseconds; each further one is twice as long. */
const BASE_DELAY_MS = 500;

/** No wait of our own is longer. */
const MAX_DELAY_MS = 30_000;

/** What a registry may ask for by Retry-After. One that asks for more (Docker Hub: hours) is told to the user instead. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * How long to wait before the next attempt, in milliseconds, or `undefined` to stop.
 *
 * @param attempt how many times it was tried again already: 0 after the first failure
 * @param retries how many times it may be tried again
 * @param random in `[0, 1)`: half of the wait is jitter, so that sixteen blobs do not come back at once
 */
export function retryDelayMs(
  error: unknown,
  attempt: number,
  retries: number,
  random: number,
): number | undefined {
  if (!(error instanceof CrossdockError) || !error.isTemporary || attempt >= retries) {
    return undefined;
  }
  if (error.retryAfterMs !== undefined) {
    return error.retryAfterMs <= MAX_RETRY_AFTER_MS
      ? error.retryAfterMs + random * BASE_DELAY_MS
      : undefined;
  }
  const delay = Math.min(BASE_DELAY_MS * 2 ** attempt, MAX_DELAY_MS);
  return delay / 2 + (delay / 2) * random;
}

/**
 * Retry-After in seconds or as a date, RFC 9110 §10.2.3, as milliseconds from now; `undefined` when there is none.
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (!value) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  // Date.parse finds a date in nearly anything, "1.5" and "-5" among them; HTTP dates begin with the day.
  if (!/^\s*(mon|tue|wed|thu|fri|sat|sun)/i.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
