/**
 * Compiles a pattern of a policy. It matches the whole text: `*` matches any characters but `/`, `**` any characters. All other
 * characters match themselves.
 */
export function compileGlob(pattern: string): RegExp {
  const source = pattern.split(/(\*+)/).map((part) => {
    if (part === "*") return "[^/]*";
    return part.startsWith("*") ? ".*" : part.replaceAll(/[^\w/]/g, "\\$&");
  });
  return new RegExp(`^${source.join("")}$`, "s");
}

/** The number of characters before the first wildcard: patterns with more are more specific. */
export function literalPrefix(pattern: string): number {
  const wildcard = pattern.indexOf("*");
  return wildcard < 0 ? Infinity : wildcard;
}
