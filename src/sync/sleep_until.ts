import type { Runtime } from "../runtime.ts";

/** The clock is looked at again after that: it may have been set, and timers count no more than 24 days. */
const MAX_SLEEP_MS = 60_000;

/**
 * Waits for a time, in milliseconds since the epoch.
 *
 * @throws the signal's reason when that is aborted first
 */
export async function sleepUntil(
  at: number,
  { now, sleep }: Pick<Runtime, "now" | "sleep">,
  signal?: AbortSignal,
): Promise<void> {
  for (let left = at - now(); left > 0; left = at - now()) {
    await sleep(Math.min(left, MAX_SLEEP_MS), signal);
  }
  signal?.throwIfAborted();
}
