import { setTimeout as delay } from "node:timers/promises";

const TIMEOUT_MS = 20_000;
const POLL_MS = 5;

/** Waits until a condition holds. Fails after 20 s, with what it waited for. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += POLL_MS) {
    if (waitedMs > TIMEOUT_MS) throw new Error(`waited 20 s for ${what}`);
    await delay(POLL_MS);
  }
}
