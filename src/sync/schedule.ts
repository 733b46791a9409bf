import { CronPattern } from "croner";
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { parseDuration } from "./duration.ts";

/** When a rule runs by itself: at times, or again after a span of time. */
export type Schedule =
  /** Five fields, or a name such as `@daily`. In `timeZone` where the file names one, else in the host's. */
  | { readonly cron: string; readonly timeZone?: string }
  | { readonly everyMs: number };

/** A rule that runs more often than that is a mistake. */
const MIN_EVERY_MS = 1000;

/**
 * Reads a schedule as regsync's cron does: `15 3 * * *`, `@daily`, `@every 1h30m`, `CRON_TZ=Europe/Berlin 0 6 * * *`.
 * https://pkg.go.dev/github.com/robfig/cron/v3
 *
 * @throws {ParseError}
 */
export function parseSchedule(text: string): Schedule {
  const [, timeZone, cron = ""] = /^(?:(?:CRON_)?TZ=(\S+)\s+)?(.*)$/s.exec(text.trim()) ?? [];
  const [, every] = /^@every\s+(\S+)$/.exec(cron) ?? [];
  if (every !== undefined) return { everyMs: parseEvery(every) };
  if (timeZone !== undefined) checkTimeZone(timeZone);
  const fault = findCronFault(cron);
  if (fault !== undefined) {
    throw new ParseError(`${quote(cron)} is no schedule: ${fault}`, {
      hint: "write minute, hour, day, month and day of the week, or @daily, or @every 1h30m",
    });
  }
  return { cron, ...(timeZone === undefined ? {} : { timeZone }) };
}

/**
 * Reads an interval: `60m`.
 *
 * @throws {ParseError}
 */
export function parseEvery(text: string): number {
  const everyMs = parseDuration(text);
  if (everyMs >= MIN_EVERY_MS) return everyMs;
  throw new ParseError(`${quote(text)} is too short an interval, want a second at least`);
}

function findCronFault(cron: string): string | undefined {
  const fields = cron.split(/\s+/).filter((field) => field !== "").length;
  if (fields !== 5 && !cron.startsWith("@")) return `it has ${fields} fields, want 5`;
  try {
    new CronPattern(cron, undefined, { mode: "5-part" });
    return undefined;
  } catch (error) {
    if (cron.startsWith("@")) return "there is no such name";
    return error instanceof Error ? error.message.replace(/^CronPattern: |\.$/g, "") : "malformed";
  }
}

function checkTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw new ParseError(`${quote(timeZone)} is no time zone`, {
      hint: "write one as Europe/Berlin",
    });
  }
}
