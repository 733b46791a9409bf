import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  "µs": 1e-3,
  "μs": 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go counts nanoseconds in 63 bits. */
const MAX_MS = 2 ** 63 / 1e6;

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/**
 * Parses a Go duration, `1h30m` or `1.5s`, into milliseconds.
 * https://pkg.go.dev/time#ParseDuration
 *
 * @throws {ParseError} also for a duration that is negative, has no unit or is too long for Go
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  let ms = 0;
  let end = 0;
  PART.lastIndex = 0;
  for (let match = PART.exec(text); match; match = PART.exec(text)) {
    ms += Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? Number.NaN);
    end = PART.lastIndex;
  }
  if (end > 0 && end === text.length) {
    if (ms < MAX_MS) return Math.round(ms);
    throw new ParseError(`${quote(text)} is longer than 292 years`);
  }
  throw new ParseError(`${quote(text)} is not a duration: expected a number with a unit`, {
    hint: "write for example 30s, 15m or 1h30m",
  });
}
