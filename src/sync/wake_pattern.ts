import { CronPattern } from "croner";
import type { Schedule } from "./schedule.ts";

const MINUTE_MS = 60_000;
const MINUTES_OF_HOUR = 60;
const HOURS_OF_DAY = 24;

/**
 * Makes the cron pattern, in UTC, of a clock that ticks whenever a rule may be due; `isDue()` then decides. Cron dialects differ in
 * how they number days and in their syntax, so the pattern has plain lists of minutes and hours, and every day. For a schedule in
 * another time zone, or not in whole minutes, the clock ticks each minute.
 */
export function wakePattern(schedule: Schedule): string {
  const times = "everyMs" in schedule ? timesOfSpan(schedule.everyMs) : timesOfCron(schedule);
  const minute = toField(MINUTES_OF_HOUR, times.hasMinute);
  const hour = toField(HOURS_OF_DAY, times.hasHour);
  return `${minute} ${hour} * * *`;
}

interface TimesOfDay {
  readonly hasMinute: (minute: number) => boolean;
  readonly hasHour: (hour: number) => boolean;
}

const EACH_MINUTE: TimesOfDay = { hasMinute: () => true, hasHour: () => true };

/** Intervals count from the epoch. Times repeat each day at the greatest common divisor of the interval and a day. */
function timesOfSpan(everyMs: number): TimesOfDay {
  if (everyMs % MINUTE_MS !== 0) return EACH_MINUTE;
  const step = greatestCommonDivisor(everyMs / MINUTE_MS, HOURS_OF_DAY * MINUTES_OF_HOUR);
  const minutes = greatestCommonDivisor(step, MINUTES_OF_HOUR);
  const hours = step % MINUTES_OF_HOUR === 0 ? step / MINUTES_OF_HOUR : 1;
  return {
    hasMinute: (minute) => minute % minutes === 0,
    hasHour: (hour) => hour % hours === 0,
  };
}

function timesOfCron({ cron, timeZone }: Extract<Schedule, { cron: string }>): TimesOfDay {
  const zone = new Intl.DateTimeFormat("en", timeZone === undefined ? {} : { timeZone })
    .resolvedOptions().timeZone;
  if (zone !== "UTC") return EACH_MINUTE;
  const pattern = new CronPattern(cron, undefined, { mode: "5-part" });
  return {
    hasMinute: (minute) => pattern.minute[minute] === 1,
    hasHour: (hour) => pattern.hour[hour] === 1,
  };
}

/** `0,30`, or `*` for all values. */
function toField(size: number, isIncluded: (value: number) => boolean): string {
  const values = Array.from({ length: size }, (_, value) => value).filter(isIncluded);
  return values.length === size ? "*" : values.join(",");
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
