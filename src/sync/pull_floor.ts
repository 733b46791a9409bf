import { CrossdockError } from "../errors.ts";
import type { BeforePull } from "../registry/repository_context.ts";
import type { SyncRule } from "./rule.ts";

/**
 * Creates the check of a rule's floor, the number of pulls that it must leave (`ratelimit.min`). The check runs before each
 * manifest is read, and counts manifests that are being read. Responses may arrive out of order, so the lowest number of
 * remaining pulls counts.
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
 * @param left remaining pulls, minus those in progress
 * @param count pulls to add
 * @throws CrossdockError `rate_limited` if fewer pulls than the floor would remain
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
    `${registry}: ${
      Math.max(left, 0)
    } pulls remaining, ${count} needed, and ratelimit.min reserves ${min}`,
    { side: "source", retryAfterMs: retryMs },
  );
}
