/**
 * Versions and version ranges, as in regsync. They differ from npm's, so the `semver` package does not fit: a version has any
 * number of numeric parts, ranges include prereleases, and digits within a prerelease are compared as numbers.
 * https://github.com/regclient/regclient/blob/v0.11.7/internal/semver/semver.go
 *
 * ```text
 * version := [ "v" ] number { "." number } [ "-" prerelease ] [ "+" metadata ]
 * range   := term { space term }                           all must match
 * term    := [ ">=" | "<=" | ">" | "<" | "=" | "^" | "~" ] version
 * ```
 */
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";

export interface Version {
  /** Any number of them. Missing ones count as 0. */
  readonly numbers: readonly bigint[];
  /** Empty for a release. */
  readonly prerelease: string;
}

/** The maximum of Go's int. There, a tag with a larger number is not a version. */
const MAX_NUMBER = 2n ** 63n - 1n;

/** Parses a version; `undefined` for a tag that is not a version. */
export function parseVersion(text: string): Version | undefined {
  const [, numbers = "", prerelease = ""] =
    /^v?([0-9]{1,19}(?:\.[0-9]{1,19})*)(?:-([^+]*))?(?:\+.*)?$/s.exec(text) ?? [];
  if (numbers === "") return undefined;
  const parts = numbers.split(".").map(BigInt);
  return parts.some((part) => part > MAX_NUMBER) ? undefined : { numbers: parts, prerelease };
}

/** Negative if `a` is older than `b`. */
export function compareVersions(a: Version, b: Version): number {
  const length = Math.max(a.numbers.length, b.numbers.length);
  for (let i = 0; i < length; i++) {
    const left = a.numbers[i] ?? 0n;
    const right = b.numbers[i] ?? 0n;
    if (left !== right) return left < right ? -1 : 1;
  }
  if (a.prerelease === b.prerelease) return 0;
  if (a.prerelease === "") return 1;
  if (b.prerelease === "") return -1;
  return comparePrereleases(a.prerelease.split("."), b.prerelease.split("."));
}

/** Part by part: `rc2` is older than `rc11`. Two parts with the same word and no number are equal, as in regsync. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareIdentifiers(a[i] ?? "", b[i] ?? "");
    if (order !== undefined) return order;
  }
  return a.length - b.length;
}

/** `undefined` if both are equal, so that the next part decides. */
function compareIdentifiers(a: string, b: string): number | undefined {
  let left = a;
  let right = b;
  while (left !== "" && right !== "") {
    const x = splitNumber(left);
    const y = splitNumber(right);
    if (x.word !== y.word) return x.word < y.word ? -1 : 1;
    if (x.number === undefined || y.number === undefined) {
      return x.number === y.number ? 0 : x.number === undefined ? -1 : 1;
    }
    if (x.number !== y.number) return x.number < y.number ? -1 : 1;
    left = x.rest;
    right = y.rest;
  }
  return left === right ? undefined : left === "" ? -1 : 1;
}

function splitNumber(text: string): { word: string; number: bigint | undefined; rest: string } {
  const [, word = "", digits = "", rest = ""] = /^([^0-9]*)([0-9]*)(.*)$/s.exec(text) ?? [];
  const number = digits === "" ? undefined : BigInt(digits);
  return { word, number: number !== undefined && number > MAX_NUMBER ? undefined : number, rest };
}

/** Whether a version is within a range. */
export type VersionRange = (version: Version) => boolean;

/**
 * Parses a range: `>=1.2 <2.0`, `^1.2.3`, `~1.2`, `1.2.3`.
 *
 * @throws {ParseError} with the wrong term
 */
export function parseVersionRange(text: string): VersionRange {
  const terms = text.split(/\s+/).filter((term) => term !== "");
  if (terms.length === 0) throw new ParseError("the version range is empty");
  const checks = terms.map(parseTerm);
  return (version) => checks.every((check) => check(version));
}

function parseTerm(term: string): VersionRange {
  const [, operator = "", text = ""] = /^(>=|<=|>|<|=|\^|~)?(.*)$/s.exec(term) ?? [];
  const bound = parseVersion(text);
  if (!bound) {
    throw new ParseError(`${quote(term)} is not a version range: ${quote(text)} is not a version`, {
      hint: "write an operator and a version, such as >=1.2.3 <2.0",
    });
  }
  switch (operator) {
    case "":
    case "=":
      return (version) => compareVersions(version, bound) === 0;
    case ">":
      return (version) => compareVersions(version, bound) > 0;
    case ">=":
      return (version) => compareVersions(version, bound) >= 0;
    case "<":
      return (version) => compareVersions(version, bound) < 0;
    case "<=":
      return (version) => compareVersions(version, bound) <= 0;
    default: {
      const end = operator === "^" ? endOfCompatible(bound) : endOfMinor(bound);
      return (version) => compareVersions(version, bound) >= 0 && compareVersions(version, end) < 0;
    }
  }
}

/** The end of `^`: the next major version; the next minor version below 1.0; the next patch below 0.1. */
function endOfCompatible({ numbers: [major = 0n, minor = 0n, patch = 0n] }: Version): Version {
  if (major > 0n) return release(major + 1n);
  return minor > 0n ? release(0n, minor + 1n) : release(0n, 0n, patch + 1n);
}

function endOfMinor({ numbers: [major = 0n, minor = 0n] }: Version): Version {
  return release(major, minor + 1n);
}

function release(...numbers: bigint[]): Version {
  return { numbers, prerelease: "" };
}
