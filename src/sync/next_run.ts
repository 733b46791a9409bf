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

/** A tick of a clock that serves all rules, and the one before it, in milliseconds since the epoch. */
export interface Tick {
  readonly at: number;
  readonly before: number;
}

/**
 * Whether a rule is to run at a tick: whether a time of its own lies between the tick before and this one, which is part of
 * it. Several such times are one run.
 */
export function isDue(schedule: Schedule, { at, before }: Tick): boolean {
  const next = nextRun(schedule, before);
  return next !== undefined && next <= at;
}

const MINUTE_MS = 60_000;

/** How far the tick before is taken to be away where nobody says which clock it was. */
const DEFAULT_TICK_MS = 5 * MINUTE_MS;

/**
 * A tick of a clock that goes by a cron pattern in UTC. The tick before is the one that should have been: one that was missed
 * is not made up for.
 *
 * @param scheduledAt milliseconds since the epoch; what there is of a minute is left out
 */
export function toTick(cron: string, scheduledAt: number): Tick {
  const at = Math.floor(scheduledAt / MINUTE_MS) * MINUTE_MS;
  const [before] = cron === ""
    ? []
    : new Cron(cron, { mode: "5-part", timezone: "UTC" }).previousRuns(1, new Date(at));
  return { at, before: before?.getTime() ?? at - DEFAULT_TICK_MS };
}

/** A clock that is ahead of ours by less than that tells of a time that has not come here. */
const AHEAD_MS = 1000;

/**
 * The tick of a clock that goes by a cron pattern in UTC and says no more than that it is time: the last one that the pattern
 * has. So one that is told late is still itself.
 *
 * @param now milliseconds since the epoch
 */
export function lastTick(cron: string, now: number): Tick {
  const clock = new Cron(cron, { mode: "5-part", timezone: "UTC" });
  const [at, before] = clock.previousRuns(2, new Date(now + AHEAD_MS));
  return { at: at?.getTime() ?? now, before: before?.getTime() ?? now };
}
