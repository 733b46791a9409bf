/** The retry policy: a pure function of the attempt and the error. */
import { CrossdockError, SilenceError } from "./errors.ts";

/** The first delay in milliseconds. Each further delay is twice as long. */
const BASE_DELAY_MS = 500;

/** The maximum delay without a Retry-After. */
const MAX_DELAY_MS = 30_000;

/** The maximum number of retries after silence: each attempt may last the whole idle timeout. */
const MAX_SILENT_RETRIES = 1;

/** The maximum Retry-After to wait for. A longer one (hours at Docker Hub) is reported to the user as an error. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Returns the delay before the next attempt in milliseconds, or `undefined` to stop.
 *
 * @param attempt the number of retries so far: 0 after the first failure
 * @param retries the maximum number of retries
 * @param random a number in `[0, 1)`. Half of the delay is jitter, so that concurrent blobs do not retry at the same time
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
  if (isSilentAgain(error, attempt)) return undefined;
  if (error.retryAfterMs !== undefined) {
    return error.retryAfterMs <= MAX_RETRY_AFTER_MS
      ? error.retryAfterMs + random * BASE_DELAY_MS
      : undefined;
  }
  const delay = Math.min(BASE_DELAY_MS * 2 ** attempt, MAX_DELAY_MS);
  return delay / 2 + (delay / 2) * random;
}

/** Whether a peer was silent too often to send the request again. */
export function isSilentAgain(error: unknown, attempt: number): error is SilenceError {
  return error instanceof SilenceError && attempt >= MAX_SILENT_RETRIES;
}

/** The final error of a silent peer. A larger operation, such as the copy of a whole blob, does not retry it either. */
export function toFinalSilence(error: SilenceError): CrossdockError {
  const { code, message, side, hint } = error;
  return new CrossdockError(code, message, { cause: error, side, hint });
}

/**
 * Parses Retry-After, in seconds or as a date (RFC 9110 §10.2.3), to milliseconds from now. `undefined` if there is none.
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (!value) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  // Date.parse accepts almost any text, such as "1.5" and "-5". An HTTP date begins with the day of the week.
  if (!/^\s*(mon|tue|wed|thu|fri|sat|sun)/i.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
