import { Cron } from "croner";
import type { Schedule } from "./schedule.ts";

/**
 * Finds the next time of a rule. Intervals count from the epoch, so every host finds the same times and none has to store the
 * last run.
 *
 * @param after milliseconds since the epoch; the result is later
 * @returns `undefined` if there is no such time: February 30
 */
export function nextRun(schedule: Schedule, after: number): number | undefined {
  if ("everyMs" in schedule) return (Math.floor(after / schedule.everyMs) + 1) * schedule.everyMs;
  const { cron, timeZone } = schedule;
  const options = { mode: "5-part", ...(timeZone ? { timezone: timeZone } : {}) } as const;
  return new Cron(cron, options).nextRun(new Date(after))?.getTime();
}

/** A tick of the clock that all rules share, and the previous tick, in milliseconds since the epoch. */
export interface Tick {
  readonly at: number;
  readonly before: number;
}

/**
 * Whether a rule is due at a tick: whether one of its times is after the previous tick and not after this one. Several such
 * times are one run.
 */
export function isDue(schedule: Schedule, { at, before }: Tick): boolean {
  const next = nextRun(schedule, before);
  return next !== undefined && next <= at;
}

const MINUTE_MS = 60_000;

/** The time between two ticks if the pattern of the clock is unknown. */
const DEFAULT_TICK_MS = 5 * MINUTE_MS;

/**
 * Makes a tick of a clock with a cron pattern in UTC. The previous tick is computed from the pattern, so a missed tick is not
 * repeated.
 *
 * @param cron empty if unknown
 * @param scheduledAt milliseconds since the epoch, rounded down to a minute
 */
export function toTick(cron: string, scheduledAt: number): Tick {
  const at = Math.floor(scheduledAt / MINUTE_MS) * MINUTE_MS;
  const [before] = cron === ""
    ? []
    : new Cron(cron, { mode: "5-part", timezone: "UTC" }).previousRuns(1, new Date(at));
  return { at, before: before?.getTime() ?? at - DEFAULT_TICK_MS };
}

/** The trigger's clock may be ahead of this host's by so much. */
const AHEAD_MS = 1000;

/**
 * Makes a tick for a trigger that does not pass its scheduled time: the last time of the cron pattern in UTC. A late trigger so
 * still has its scheduled time.
 *
 * @param now milliseconds since the epoch
 */
export function lastTick(cron: string, now: number): Tick {
  const clock = new Cron(cron, { mode: "5-part", timezone: "UTC" });
  const [at, before] = clock.previousRuns(2, new Date(now + AHEAD_MS));
  return { at: at?.getTime() ?? now, before: before?.getTime() ?? now };
}
