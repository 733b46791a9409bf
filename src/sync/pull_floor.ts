import { CrossdockError } from "../errors.ts";
import type { BeforePull } from "../registry/repository_context.ts";
import type { SyncRule } from "./rule.ts";

/**
 * Looks at a rule's floor before each manifest that is read: those under way count as read. Answers may come in another order
 * than they were counted in, so of what a registry says the least is taken.
 *
 * @returns `undefined` for a rule without a floor
 */
export function createPullFloor(
  { rateLimit }: Pick<SyncRule, "rateLimit">,
): BeforePull | undefined {
  if (!rateLimit?.min) return undefined;
  const known = new Map<string, { least: number; underWay: number }>();
  return (registry, pulls, count = 1) => {
    const state = known.get(registry) ?? { least: Infinity, underWay: 0 };
    known.set(registry, state);
    state.least = Math.min(state.least, pulls?.remaining ?? Infinity);
    checkFloor(rateLimit, state.least - state.underWay, registry, count);
    state.underWay += count;
    return () => void (state.underWay -= count);
  };
}

/**
 * @param left pulls, without those under way
 * @throws CrossdockError `rate_limited` where that many more would go below the floor
 */
export function checkFloor(
  { min, retryMs }: NonNullable<SyncRule["rateLimit"]>,
  left: number,
  registry: string,
  count = 1,
): void {
  if (!min || !count || left - count >= min) return;
  throw new CrossdockError(
    "rate_limited",
    `${
      Math.max(left, 0)
    } pulls are left at ${registry} besides those under way: ${count} would be taken, ${min} are to stay`,
    { side: "source", retryAfterMs: retryMs },
  );
}
