import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 5;
const SAME_POLLS = 20;

/**
 * Waits until a count has grown and then stays the same, and returns it. On a slow machine it may stop too early, so only
 * assert that it is not too large.
 */
export async function standstill(count: () => number): Promise<number> {
  let last = 0;
  for (let same = 0; same < SAME_POLLS;) {
    await delay(POLL_MS);
    const now = count();
    same = now > 0 && now === last ? same + 1 : 0;
    last = now;
  }
  return last;
}
