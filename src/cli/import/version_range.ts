/** Converts version ranges of other libraries to those of crossdock, which spell out both bounds. */

/**
 * Masterminds' (skopeo) excludes prereleases, and a missing number matches any; in blang's (dregsy) a bare version matches only
 * itself. https://github.com/Masterminds/semver#checking-version-constraints, https://pkg.go.dev/github.com/blang/semver/v4#ParseRange
 */
export type RangeDialect = "masterminds" | "blang";

const TERM =
  /^(?<operator>=>|=<|~>|>=|<=|==|!=|[<>=!~^])?\s*v?(?<version>(?:[0-9]+|[xX*])(?:\.(?:[0-9]+|[xX*])){0,2})(?<prerelease>-[0-9A-Za-z.-]+)?(?=[\s,]|$)/;

/** Masterminds' `1.2 - 1.4` is the same as `>=1.2, <=1.4`. */
const HYPHEN = /([^\s,]+)\s+-\s+([^\s,]+)/g;

/** Each `!=` doubles the alternatives. */
const MAX_ALTERNATIVES = 64;

/** Converts alternatives of ranges. Returns undefined for what is not supported. */
export function convertRange(text: string, dialect: RangeDialect): string[] | undefined {
  const known = dialect === "masterminds" ? text.replace(HYPHEN, ">=$1, <=$2") : text;
  const ranges = known.split("||").map((part) => convertTerms(part, dialect));
  return ranges.every((range) => range !== undefined) ? ranges.flat() : undefined;
}

function convertTerms(text: string, dialect: RangeDialect): string[] | undefined {
  let ranges: string[][] = [[]];
  let rest = text.trim();
  while (rest !== "") {
    const match = TERM.exec(rest);
    const alternatives = match?.groups && convertAlternatives(match.groups, dialect);
    if (!match || !alternatives) return undefined;
    ranges = alternatives.flatMap((term) => ranges.map((terms) => [...terms, term]));
    if (ranges.length > MAX_ALTERNATIVES) return undefined;
    rest = rest.slice(match[0].length).replace(/^[\s,]+/, "");
  }
  return ranges[0]?.length === 0 ? undefined : ranges.map((terms) => terms.join(" "));
}

/** A version that is excluded leaves two ranges: below and above it. */
function convertAlternatives(
  groups: Record<string, string | undefined>,
  dialect: RangeDialect,
): string[] | undefined {
  const { operator = "", version = "" } = groups;
  const isNot = operator === "!=" || operator === "!" && dialect === "blang";
  if (isNot && /^[xX*]/.test(version)) return undefined;
  const terms = (isNot ? ["<", ">"] : [operator])
    .map((operator) => convertTerm({ ...groups, operator }, dialect));
  return terms.every((term) => term !== undefined) ? terms : undefined;
}

function convertTerm(
  { operator = "", version = "", prerelease = "" }: Record<string, string | undefined>,
  dialect: RangeDialect,
): string | undefined {
  const parts = version.split(".");
  const wildcard = parts.findIndex((part) => !/^[0-9]+$/.test(part));
  const numbers = (wildcard < 0 ? parts : parts.slice(0, wildcard)).map(Number);
  const isWhole = numbers.length === 3 || dialect === "blang" && wildcard < 0;
  const [major = 0, minor = 0] = numbers;
  const start = `${numbers.join(".") || 0}${prerelease}`;
  const within = `>=${start}${numbers.length === 0 ? "" : ` <${next(numbers)}`}`;
  switch (operator) {
    case "":
    case "=":
    case "==":
      return isWhole ? `=${start}` : within;
    case ">":
      return isWhole ? `>${start}` : `>=${next(numbers)}`;
    case ">=":
    case "=>":
      return `>=${start}`;
    case "<":
      return `<${start}`;
    case "<=":
    case "=<":
      return isWhole ? `<=${start}` : `<${next(numbers)}`;
    case "~":
    case "~>":
      return numbers.length < 2 ? within : `>=${start} <${major}.${minor + 1}`;
    case "^": {
      // Up to the first number that is not 0, or the last number.
      const first = numbers.findIndex((number) => number > 0);
      return `>=${start} <${next(first < 0 ? numbers : numbers.slice(0, first + 1))}`;
    }
    default:
      return undefined;
  }
}

/** The first version above all that begin with these numbers. */
function next(numbers: readonly number[]): string {
  return [...numbers.slice(0, -1), (numbers.at(-1) ?? 0) + 1].join(".");
}
