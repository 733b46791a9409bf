/** Limits the copies of callers that a process runs at once. */
import { RequestError } from "../problem.ts";
import { Slots } from "../copy/slots.ts";

/** Longest wait in the queue, in milliseconds. Callers and proxies wait at least this long for a response. */
const MAX_WAIT_MS = 20_000;

export interface CopyLimitOptions {
  /** Copies at once. As many may wait. */
  readonly maxCopies: number;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Called with the number of waiting copies when it changes. */
  readonly onWaiting?: ((waiting: number) => void) | undefined;
}

/**
 * Waits until a copy may run. Resolves to a function to call once when the copy has ended.
 *
 * @throws RequestError `limit` (503) if the queue is full or the wait is too long; the signal's reason
 */
export type CopyLimit = (signal: AbortSignal) => Promise<() => void>;

export function createCopyLimit({ maxCopies, sleep, onWaiting }: CopyLimitOptions): CopyLimit {
  const slots = new Slots(maxCopies);
  /** Running and waiting copies. */
  let count = 0;
  const change = (by: 1 | -1): void => {
    count += by;
    onWaiting?.(Math.max(0, count - maxCopies));
  };
  return async (signal) => {
    if (count >= 2 * maxCopies) throw busy(maxCopies);
    change(1);
    const over = new AbortController();
    const timer = new AbortController();
    if (count > maxCopies) {
      void sleep(MAX_WAIT_MS, timer.signal).then(() => over.abort(busy(maxCopies)), () => {});
    }
    try {
      const leave = await slots.take(AbortSignal.any([signal, over.signal]));
      return () => {
        change(-1);
        leave();
      };
    } catch (error) {
      change(-1);
      throw error;
    } finally {
      timer.abort();
    }
  };
}

function busy(maxCopies: number): RequestError {
  return new RequestError("limit", `the server is running ${maxCopies} copies, its limit`, {
    status: 503,
    title: "The server is busy",
    hint: "retry after 10 seconds, or raise CROSSDOCK_MAX_COPIES on the server",
    headers: { "retry-after": "10" },
  });
}
