import { readCopyFailure } from "./copy_failure.ts";

/** First wait, in milliseconds; each further one is twice as long. A step has tried for itself before. */
const BASE_DELAY_MS = 10_000;

/** No registry is waited for longer at a time. Docker Hub counts its limit over six hours and says so in minutes. */
const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;

/**
 * A Workflow that sleeps for five minutes goes on in a new invocation, which has its own count of subrequests; on the free
 * plan that is how a copy of more than fifty steps gets through.
 */
const NEW_INVOCATION_MS = 6 * 60 * 1000;

/**
 * How long a durable step waits before it is tried again, in milliseconds.
 *
 * @param attempt how many times it was tried: 1 after the first failure
 * @param message of the error that it failed with
 */
export function durableDelayMs(attempt: number, message: string): number {
  if (/too many subrequests/i.test(message)) return NEW_INVOCATION_MS;
  const retryAfterMs = readCopyFailure(message)?.retryAfterMs;
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
  return BASE_DELAY_MS * 2 ** (attempt - 1);
}
