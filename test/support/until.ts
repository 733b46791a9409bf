import { setTimeout as delay } from "node:timers/promises";

const TIMEOUT_MS = 20_000;
const POLL_MS = 5;

/** Waits until a condition holds. Fails after 20 s, or as long as is given, with what it waited for. */
export async function until(
  what: string,
  holds: () => boolean,
  timeoutMs = TIMEOUT_MS,
): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += POLL_MS) {
    if (waitedMs > timeoutMs) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await delay(POLL_MS);
  }
}
