import { Cron } from "croner";
import type { Schedule } from "./schedule.ts";

/**
 * When a rule is next to run. Spans of time are counted from the epoch, so that it needs no memory of the last run and every
 * host comes to the same times.
 *
 * @param after milliseconds since the epoch; the result is later
 * @returns `undefined` where there is no such time: the 30th of February
 */
export function nextRun(schedule: Schedule, after: number): number | undefined {
  if ("everyMs" in schedule) return (Math.floor(after / schedule.everyMs) + 1) * schedule.everyMs;
  const { cron, timeZone } = schedule;
  const options = { mode: "5-part", ...(timeZone ? { timezone: timeZone } : {}) } as const;
  return new Cron(cron, options).nextRun(new Date(after))?.getTime();
}

/**
 * Whether a rule is to run at a tick of a clock that serves all rules: whether a time of its own lies between the tick before
 * and this one, which is part of it. Several such times are one run.
 *
 * @param tick milliseconds since the epoch, and how long the one before was before it
 */
export function isDue(
  schedule: Schedule,
  { tick, sinceMs }: { readonly tick: number; readonly sinceMs: number },
): boolean {
  const next = nextRun(schedule, tick - sinceMs);
  return next !== undefined && next <= tick;
}
