/**
 * Patterns for tags and repositories: Go's regular expressions, as in regsync, executed by RE2's algorithm. A file therefore
 * selects the same tags as with regsync, and every pattern runs in linear time on any tag.
 */
import { RE2JS } from "re2js";
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";

/** Enough for a list of 300 tags. */
const MAX_LENGTH = 4000;

/** Parts of a pattern with its repetitions written out: `a{3}` has three. RE2 takes memory and time for each. */
const MAX_PARTS = 10_000;

/**
 * Compiles `^` + pattern + `$`, without a group around the pattern, as in regsync: see {@linkcode hasLooseEnds}.
 *
 * @throws {ParseError} also for syntax that Go does not have: look-around, back-references, `\h`
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  try {
    rejectLarge(pattern);
    const compiled = RE2JS.compile(`^${pattern}$`);
    return (text) => compiled.test(text);
  } catch (error) {
    const fault = error instanceof Error
      ? error.message.replace(/^error parsing regexp: /, "")
      : "";
    throw new ParseError(`${quote(pattern)} is not a valid pattern: ${fault}`, {
      hint: "use Go's syntax of regular expressions, https://github.com/google/re2/wiki/Syntax",
    });
  }
}

/** @throws RangeError */
function rejectLarge(pattern: string): void {
  if (pattern.length > MAX_LENGTH) {
    throw new RangeError(`it has ${pattern.length} characters, expected at most ${MAX_LENGTH}`);
  }
  if (countParts(pattern) > MAX_PARTS) {
    throw new RangeError(`its repetitions have more than ${MAX_PARTS} parts in all`);
  }
}

/** Counts the parts of a valid pattern. */
function countParts(pattern: string): number {
  const outer: number[] = [];
  let [count, last] = [0, 0];
  for (const token of listTokens(pattern)) {
    const [, least, most] = REPETITION.exec(token) ?? [];
    if (token === "(") {
      outer.push(count);
      count = 0;
    } else if (token === ")") {
      last = count + 1;
      count = (outer.pop() ?? 0) + last;
    } else if (least !== undefined) {
      const repeated = last * Math.max(1, Number(most || least));
      count += repeated - last;
      last = repeated;
    } else {
      last = 1;
      count += token.startsWith("\\Q") ? token.length : 1;
    }
  }
  return count;
}

/**
 * Whether a pattern has `|` outside of all groups. Then `^` binds only the first branch and `$` only the last, and `a|b` matches
 * every text that begins with a or ends with b.
 */
export function hasLooseEnds(pattern: string): boolean {
  let depth = 0;
  for (const token of listTokens(pattern)) {
    if (token === "(") depth += 1;
    else if (token === ")") depth -= 1;
    else if (token === "|" && depth === 0) return true;
  }
  return false;
}

const REPETITION = /^\{([0-9]{1,4})(?:,([0-9]{0,4}))?\}$/;

const TOKEN = new RegExp(
  [
    "\\\\Q[^]*?(?:\\\\E|$)",
    "\\\\[pPx]\\{[^}]*\\}",
    "\\\\[^]",
    // A character class. A `]` at its start is one of its characters.
    "\\[\\^?\\]?(?:\\\\[^]|\\[:\\^?[a-z]+:\\]|[^\\]\\\\])*\\]",
    "\\{[0-9]+(?:,[0-9]*)?\\}",
    "[^]",
  ].join("|"),
  "g",
);

/** Splits a pattern into characters, escape sequences, character classes, quoted text and counted repetitions. */
function listTokens(pattern: string): readonly string[] {
  return pattern.slice(0, MAX_LENGTH).match(TOKEN) ?? [];
}

/** The only text that a pattern matches, if there is only one: `latest`, `v1\.2`. Not for `1.2`, where the dot matches any character. */
export function literalOf(pattern: string): string | undefined {
  return /^(?:[A-Za-z0-9_/-]|\\[.\-_/])+$/.test(pattern) ? pattern.replaceAll("\\", "") : undefined;
}
