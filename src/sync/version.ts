/**
 * Versions and ranges of versions as regsync reads them. They are not npm's, so the `semver` package does not fit: there are any
 * number of numeric parts, a prerelease belongs to a range like any other version, and digits within one are compared as numbers.
 * https://github.com/regclient/regclient/blob/v0.11.7/internal/semver/semver.go
 *
 * ```text
 * version := [ "v" ] number { "." number } [ "-" prerelease ] [ "+" metadata ]
 * range   := term { space term }                           all have to hold
 * term    := [ ">=" | "<=" | ">" | "<" | "=" | "^" | "~" ] version
 * ```
 */
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";

export interface Version {
  /** Any number of them; those that are missing count as 0. */
  readonly numbers: readonly bigint[];
  /** Empty for a release. */
  readonly prerelease: string;
}

/** What Go's int holds; a larger number is none there. */
const MAX_NUMBER = 2n ** 63n - 1n;

/** Reads a version; `undefined` for a tag that is none. */
export function parseVersion(text: string): Version | undefined {
  const [, numbers = "", prerelease = ""] =
    /^v?([0-9]{1,19}(?:\.[0-9]{1,19})*)(?:-([^+]*))?(?:\+.*)?$/s.exec(text) ?? [];
  if (numbers === "") return undefined;
  const parts = numbers.split(".").map(BigInt);
  return parts.some((part) => part > MAX_NUMBER) ? undefined : { numbers: parts, prerelease };
}

/** Negative where `a` is older than `b`. */
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

/** Part by part: `rc2` is older than `rc11`. Two that begin with the same word without a number count as the same, as in regsync. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compareIdentifiers(a[i] ?? "", b[i] ?? "");
    if (order !== undefined) return order;
  }
  return a.length - b.length;
}

/** `undefined` where both are the same to their end, so that the next part decides. */
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
 * Reads a range: `>=1.2 <2.0`, `^1.2.3`, `~1.2`, `1.2.3`.
 *
 * @throws {ParseError} naming the term that is wrong
 */
export function parseVersionRange(text: string): VersionRange {
  const terms = text.split(/\s+/).filter((term) => term !== "");
  if (terms.length === 0) throw new ParseError("the range of versions is empty");
  const checks = terms.map(parseTerm);
  return (version) => checks.every((check) => check(version));
}

function parseTerm(term: string): VersionRange {
  const [, operator = "", text = ""] = /^(>=|<=|>|<|=|\^|~)?(.*)$/s.exec(term) ?? [];
  const bound = parseVersion(text);
  if (!bound) {
    throw new ParseError(`${quote(term)} is no range: ${quote(text)} is no version`, {
      hint: "write a version such as 1.2.3 after an operator: >=1.2.3 <2.0",
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

/** Of `^`: the next major version; below 1 the next minor one, below 0.1 the next patch. */
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
