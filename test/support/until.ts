import { setTimeout as delay } from "node:timers/promises";

/** Far more than any condition takes, for slow and busy machines. */
const TIMEOUT_MS = 30_000;
const POLL_MS = 5;

/** Waits until a condition holds. Fails after `timeoutMs` (default: 30 s) and names the condition. */
export async function until(
  what: string,
  holds: () => boolean,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += POLL_MS) {
    if (waitedMs > timeoutMs) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await delay(POLL_MS);
  }
}
