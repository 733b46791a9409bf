/**
 * Patterns for tags and repositories: Go's regular expressions, as regsync takes them, run by RE2's algorithm. So what a file means
 * there it means here, and no pattern takes longer than linear time over a tag, whoever chose the tag.
 */
import { RE2JS } from "re2js";
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";

/**
 * Makes a test of a pattern. It is `^` + pattern + `$` without a group, as in regsync: see {@linkcode hasLooseEnds}.
 *
 * @throws {ParseError} for what Go's syntax does not have: look-around, back-references, `\h`
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  try {
    const compiled = RE2JS.compile(`^${pattern}$`);
    return (text) => compiled.test(text);
  } catch (error) {
    const fault = error instanceof Error
      ? error.message.replace(/^error parsing regexp: /, "")
      : "";
    throw new ParseError(`${quote(pattern)} is no pattern: ${fault}`, {
      hint: "patterns are Go's regular expressions, https://github.com/google/re2/wiki/Syntax",
    });
  }
}

/**
 * Whether `|` stands outside of all groups: then the anchors bind to its first and last branch alone, and `a|b` takes whatever
 * begins with a or ends in b.
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

/** The index of the bracket that ends a class; a bracket right at its beginning is one of its characters. */
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

/** The one text that a pattern takes, where there is only one: `latest`, `v1\.2`. Not `1.2`, whose dot takes anything. */
export function literalOf(pattern: string): string | undefined {
  return /^(?:[A-Za-z0-9_/-]|\\[.\-_/])+$/.test(pattern) ? pattern.replaceAll("\\", "") : undefined;
}
