/** Parsers of option values. Each error is a sentence that names the option, what it wants and what it got. */
import { ParseError } from "../../errors.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { parseRepository } from "../../oci/reference.ts";

const MAX_SHOWN = 60;

/** Takes one of several words. */
export function oneOf<const Word extends string>(
  option: string,
  words: readonly Word[],
): (text: string) => Word {
  return (text) => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    const wanted = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
    throw new ParseError(`${option}: want ${wanted}, got ${show(text)}`);
  };
}

/** Takes a whole number within bounds, both included. */
export function wholeNumber(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new ParseError(
      `${option}: want a whole number from ${min} to ${max}, got ${show(text)}`,
    );
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const MIN_TIMEOUT_MS = 100;
const MAX_TIMEOUT_MS = 3_600_000;

/** Takes a span of time, in seconds unless it has a unit, and gives milliseconds. */
export function timeoutMs(option: string): (text: string) => number {
  return (text) => {
    const [, number, unit = "s"] = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)?$/.exec(text) ?? [];
    const ms = number === undefined ? Number.NaN : Number(number) * (UNIT_MS[unit] ?? Number.NaN);
    if (ms >= MIN_TIMEOUT_MS && ms <= MAX_TIMEOUT_MS) return Math.round(ms);
    throw new ParseError(
      `${option}: want seconds, or a number with a unit such as 30s or 5m, from 100ms to 1h, got ${
        show(text)
      }`,
    );
  };
}

/** Takes the name of a repository, without a tag or digest. */
export function repositoryName(option: string): (text: string) => string {
  return (text) => {
    try {
      parseRepository(text);
      return text;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      const { message, hint } = error;
      throw new ParseError(`${option}: ${message}`, hint === undefined ? {} : { hint });
    }
  };
}

/** Gathers the platforms of an option that may stand several times. */
export function addPlatform(text: string, previous: readonly string[] | undefined): string[] {
  parsePlatform(text);
  return [...previous ?? [], text];
}

/** Gathers the texts of an option that may stand several times. */
export function addText(text: string, previous: readonly string[] | undefined): string[] {
  return [...previous ?? [], text];
}

function show(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);
}
