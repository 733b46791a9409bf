/**
 * Patterns for tags and repositories: Go's regular expressions, as in regsync, executed by RE2's algorithm. A file therefore
 * selects the same tags as with regsync, and every pattern runs in linear time on any tag.
 */
import { RE2JS } from "re2js";
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";

/**
 * Compiles `^` + pattern + `$`, without a group around the pattern, as in regsync: see {@linkcode hasLooseEnds}.
 *
 * @throws {ParseError} also for syntax that Go does not have: look-around, back-references, `\h`
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  try {
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

/**
 * Whether a pattern has `|` outside of all groups. Then `^` binds only the first branch and `$` only the last, and `a|b` matches
 * every text that begins with a or ends with b.
 */
export function hasLooseEnds(pattern: string): boolean {
  let depth = 0;
  for (let i = 0; i < pattern.length; i++) {
    switch (pattern[i]) {
      case "\\":
        if (pattern[i + 1] === "Q") {
          const end = pattern.indexOf("\\E", i);
          i = end < 0 ? pattern.length : end + 1;
        } else i += 1;
        break;
      case "[":
        i = endOfClass(pattern, i);
        break;
      case "(":
        depth += 1;
        break;
      case ")":
        depth -= 1;
        break;
      case "|":
        if (depth === 0) return true;
    }
  }
  return false;
}

/** Finds the bracket that ends a character class. A `]` at the start of the class is one of its characters. */
function endOfClass(pattern: string, start: number): number {
  let i = start + 1;
  if (pattern[i] === "^") i += 1;
  if (pattern[i] === "]") i += 1;
  for (; i < pattern.length && pattern[i] !== "]"; i++) {
    if (pattern[i] === "\\") i += 1;
    else if (pattern.startsWith("[:", i)) i = Math.max(pattern.indexOf(":]", i) + 1, i);
  }
  return i;
}

/** The only text that a pattern matches, if there is only one: `latest`, `v1\.2`. Not for `1.2`, where the dot matches any character. */
export function literalOf(pattern: string): string | undefined {
  return /^(?:[A-Za-z0-9_/-]|\\[.\-_/])+$/.test(pattern) ? pattern.replaceAll("\\", "") : undefined;
}
