import { CronPattern } from "croner";
import type { Schedule } from "./schedule.ts";

const MINUTE_MS = 60_000;
const MINUTES_OF_HOUR = 60;
const HOURS_OF_DAY = 24;

/**
 * The pattern of a clock in UTC that ticks whenever a rule may be due; `isDue()` says whether it is. The minutes and hours of
 * a schedule come as plain lists, and each day of it is any day: clocks differ in how they number days, and in what else they
 * read. A schedule in another time zone, or one that does not keep to whole minutes, is looked at each minute.
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

/** Spans count from the epoch, and so from midnight in UTC, as far as they have a measure in common with a day. */
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

/** `0,30`, or `*` where all are meant. */
function toField(size: number, isMeant: (value: number) => boolean): string {
  const values = Array.from({ length: size }, (_, value) => value).filter(isMeant);
  return values.length === size ? "*" : values.join(",");
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
