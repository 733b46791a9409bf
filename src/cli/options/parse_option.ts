/** Parsers of option values. Each error names the option, the expected value and the value that was passed. */
import process from "node:process";
import { ParseError } from "../../errors.ts";
import { formatPlatform, parsePlatform } from "../../oci/platform.ts";
import { parseRepository } from "../../oci/reference.ts";

const MAX_QUOTED = 60;

/**
 * Accepts one of several words.
 *
 * @param hint of the error for another word
 */
export function oneOf<const Word extends string>(
  option: string,
  words: readonly Word[],
  hint?: string,
): (text: string) => Word {
  return (text) => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    const expected = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
    throw new ParseError(
      `${option}: expected ${expected}, got ${quote(text)}`,
      hint === undefined ? {} : { hint },
    );
  };
}

/** Accepts a whole number within bounds, both included. */
export function wholeNumber(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new ParseError(
      `${option}: expected a whole number from ${min} to ${max}, got ${quote(text)}`,
    );
  };
}

const MAX_DESCRIPTOR = 1023;

/** Accepts a file descriptor that can be read. */
export function descriptorNumber(option: string): (text: string) => number {
  return (text) => {
    const number = /^[0-9]{1,4}$/.test(text) ? Number(text) : Number.NaN;
    if (number === 0 || number > 2 && number <= MAX_DESCRIPTOR) return number;
    throw new ParseError(
      `${option}: expected 0 (stdin) or a file descriptor from 3 to ${MAX_DESCRIPTOR}, got ${
        quote(text)
      }`,
    );
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const MIN_TIMEOUT_MS = 100;
const MAX_TIMEOUT_MS = 3_600_000;

/** Accepts a duration, in seconds unless it has a unit, and returns milliseconds. */
export function timeoutMs(option: string): (text: string) => number {
  return (text) => {
    const [, number, unit = "s"] = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)?$/.exec(text) ?? [];
    const ms = number === undefined ? Number.NaN : Number(number) * (UNIT_MS[unit] ?? Number.NaN);
    if (ms >= MIN_TIMEOUT_MS && ms <= MAX_TIMEOUT_MS) return Math.round(ms);
    throw new ParseError(
      `${option}: expected seconds, or a number with a unit such as 30s or 5m, from 100ms to 1h, got ${
        quote(text)
      }`,
    );
  };
}

/** Accepts the name of a repository, without a tag or digest. */
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

/** Collects the platforms of a repeatable option, each one or a list with commas. A platform that repeats is left out. */
export function addPlatform(text: string, previous: readonly string[] | undefined): string[] {
  const added = text.split(",").map((item) => toPlatform(item.trim()));
  const byName = new Map(
    [...previous ?? [], ...added].toReversed().map((item) => [
      formatPlatform(parsePlatform(item)),
      item,
    ]),
  );
  return [...byName.values()].toReversed();
}

/** Architectures in images, with the names that machines use for them. A list, because "linux" alone can be a mistake only. */
const ARCHITECTURES: ReadonlySet<string> = new Set([
  ...["amd64", "x86_64", "x86-64", "386", "i386", "arm64", "aarch64", "arm", "armhf", "armel"],
  ...["ppc64le", "s390x", "riscv64", "loong64", "mips64le", "mips64", "mipsle", "mips", "wasm"],
]);

/** Accepts an architecture without an os, which is then linux, and `local`. */
function toPlatform(text: string): string {
  const [first = "", ...rest] = text.split("/");
  if (text === "local") return localPlatform();
  if (text === "all") {
    throw new ParseError('--platform: expected os/architecture, got "all"', {
      hint: "leave out --platform: all platforms are the default",
    });
  }
  // regctl writes the version like this, after a comma.
  const [, version] = /^osver(?:sion)?=(.*)$/.exec(text) ?? [];
  if (version !== undefined) {
    throw new ParseError(`--platform: expected os/architecture, got ${quote(text)}`, {
      hint: `write the version after a colon: windows/amd64:${version}`,
    });
  }
  const isBare = ARCHITECTURES.has(first.toLowerCase()) && rest.length < 2;
  const platform = isBare ? `linux/${text}` : text;
  parsePlatform(platform);
  return platform;
}

/** Names of machines that images do not use. */
const MACHINES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

/** The platform of the images that this machine runs. Docker runs Linux images on other systems, too. */
export function localPlatform(): string {
  return `linux/${MACHINES[process.arch] ?? process.arch}`;
}

/** Accepts one platform, in the forms of `addPlatform`. */
export function onePlatform(text: string, previous: string | undefined): string {
  const [platform = text, ...others] = addPlatform(text, undefined);
  if (previous === undefined && others.length === 0) return platform;
  throw new ParseError("--platform: expected only one platform for this command");
}

/** Collects the values of a repeatable option. */
export function addText(text: string, previous: readonly string[] | undefined): string[] {
  return [...previous ?? [], text];
}

function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
