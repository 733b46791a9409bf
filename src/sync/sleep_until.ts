import type { Runtime } from "../runtime.ts";

/** The longest timer: the clock may be changed meanwhile, and timers cannot exceed 24 days. */
const MAX_SLEEP_MS = 60_000;

/**
 * Waits for a time, in milliseconds since the epoch.
 *
 * @throws the signal's reason, if it is aborted before
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
