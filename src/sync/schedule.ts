import { CronPattern } from "croner";
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { parseDuration } from "./duration.ts";

/** When a rule runs: at the times of a cron pattern, or at an interval. */
export type Schedule =
  /** Five fields, or a name such as `@daily`. In `timeZone`, or else in the host's time zone. */
  | { readonly cron: string; readonly timeZone?: string }
  | { readonly everyMs: number };

/** A shorter interval is a mistake. */
const MIN_EVERY_MS = 1000;

/**
 * Parses a schedule, as regsync's cron does: `15 3 * * *`, `@daily`, `@every 1h30m`, `CRON_TZ=Europe/Berlin 0 6 * * *`.
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
    throw new ParseError(`${quote(cron)} is not a valid schedule: ${fault}`, {
      hint: "write five fields (minute, hour, day, month, day of the week), @daily or @every 1h30m",
    });
  }
  return { cron, ...(timeZone === undefined ? {} : { timeZone }) };
}

/**
 * Parses an interval: `60m`.
 *
 * @throws {ParseError}
 */
export function parseEvery(text: string): number {
  const everyMs = parseDuration(text);
  if (everyMs >= MIN_EVERY_MS) return everyMs;
  throw new ParseError(`${quote(text)} is too short: expected at least one second`);
}

function findCronFault(cron: string): string | undefined {
  const fields = cron.split(/\s+/).filter((field) => field !== "").length;
  if (fields !== 5 && !cron.startsWith("@")) return `expected 5 fields, got ${fields}`;
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
    throw new ParseError(`${quote(timeZone)} is not a time zone`, {
      hint: "write for example Europe/Berlin",
    });
  }
}
