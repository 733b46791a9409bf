import { readCopyFailure } from "./read_copy_failure.ts";

/** First delay, in milliseconds; each further one is twice as long. Before that, the step has retried its own requests. */
const BASE_DELAY_MS = 10_000;

/** Longest delay. Docker Hub's limit covers six hours, but its Retry-After is in the range of minutes. */
const MAX_RETRY_AFTER_MS = 60 * 60 * 1000;

/**
 * A Workflow that sleeps for more than five minutes resumes in a new invocation with a new count of subrequests. On the free
 * plan, this allows copies of more than fifty steps.
 */
const NEW_INVOCATION_MS = 6 * 60 * 1000;

/**
 * Computes the delay before a durable step is retried, in milliseconds.
 *
 * @param attempt number of attempts so far: 1 after the first failure
 * @param message the message of the step's error
 */
export function durableDelayMs(attempt: number, message: string): number {
  if (/too many subrequests/i.test(message)) return NEW_INVOCATION_MS;
  const retryAfterMs = readCopyFailure(message)?.retryAfterMs;
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, MAX_RETRY_AFTER_MS);
  return BASE_DELAY_MS * 2 ** (attempt - 1);
}
