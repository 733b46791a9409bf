/** Log lines as JSON, one a line, never with a secret. */
import { redactUrls } from "./redact_urls.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "off";

export type LogFields = Readonly<Record<string, unknown>>;

export type Log = (level: Exclude<LogLevel, "off">, message: string, fields?: LogFields) => void;

const RANKS: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 };

/**
 * Makes a log.
 *
 * @param write takes one line without its end
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

/** A log whose lines all have these fields. */
export function withFields(log: Log, fields: LogFields): Log {
  return (level, message, more) => log(level, message, { ...fields, ...more });
}

/** What the log says of an error that nobody foresaw. A host's own errors quote URLs; what may be secret in them is left out. */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: redactUrls(String(error)) };
  const { name, message, stack } = error;
  return { error: redactUrls(`${name}: ${message}`), stack: stack && redactUrls(stack) };
}
