/** Writes log lines, one JSON object per line, without secrets. */
import { redactUrls } from "./redact_urls.ts";

/** The levels of the log, from all lines to none. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "off";

export type LogFields = Readonly<Record<string, unknown>>;

export type Log = (level: Exclude<LogLevel, "off">, message: string, fields?: LogFields) => void;

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 };

/**
 * Creates a log.
 *
 * @param least the lowest level that is written
 * @param write receives one line without a line break
 * @param now milliseconds since the epoch
 */
export function createLog(
  least: LogLevel,
  { write, now }: { write: (line: string) => void; now: () => number },
): Log {
  return (level, message, fields = {}) => {
    if (RANKS[level] < RANKS[least]) return;
    write(JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields }));
  };
}

/** Returns a log that adds these fields to each line. */
export function withFields(log: Log, fields: LogFields): Log {
  return (level, message, more) => log(level, message, { ...fields, ...more });
}

/** Log fields of an unexpected error. Errors of hosts quote URLs, whose secrets are redacted. */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: redactUrls(String(error)) };
  const { name, message, stack } = error;
  return { error: redactUrls(`${name}: ${message}`), stack: stack && redactUrls(stack) };
}
