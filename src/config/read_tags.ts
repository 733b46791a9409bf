import type { Mistakes, Path } from "./mistakes.ts";
import { compilePattern, hasLooseEnds } from "../sync/pattern.ts";
import type { NameFilter, TagSet } from "../sync/rule.ts";
import type { RawRule, RawTags } from "./schema.ts";
import { parseVersionRange } from "../sync/version.ts";

/** The sets of a rule: `tagSets`, and `tags` as one more where it says something. */
export function readTagSets(raw: RawRule, path: Path, mistakes: Mistakes): TagSet[] {
  const { tags = {}, tagSets = [] } = raw;
  const sets = tagSets.map((set, i) => readTagSet(set, [...path, "tagSets", i], mistakes));
  const own = readTagSet(tags, [...path, "tags"], mistakes);
  const saysSomething = own.allow.length + own.deny.length + own.semverRange.length > 0 ||
    own.latest !== undefined;
  return saysSomething ? [...sets, own] : sets;
}

function readTagSet(raw: RawTags, path: Path, mistakes: Mistakes): TagSet {
  const semverRange = (raw.semverRange ?? []).filter((range, i) => {
    // regsync leaves empty ones out.
    if (range === "") return false;
    return mistakes.try([...path, "semverRange", i], () => parseVersionRange(range)) !== undefined;
  });
  if (raw.by !== undefined && raw.latest === undefined) {
    mistakes.add([...path, "by"], "it says by what tags are the latest, and latest is missing");
  }
  return {
    ...readNameFilter(raw, path, mistakes),
    semverRange,
    ...(raw.latest === undefined ? {} : { latest: { count: raw.latest, by: raw.by ?? "semver" } }),
  };
}

/** Reads `allow` and `deny`. */
export function readNameFilter(
  { allow = [], deny = [] }: Pick<RawTags, "allow" | "deny">,
  path: Path,
  mistakes: Mistakes,
): NameFilter {
  checkPatterns(allow, [...path, "allow"], mistakes);
  checkPatterns(deny, [...path, "deny"], mistakes);
  return { allow, deny };
}

/** Makes sure that patterns are some, and warns of those that take more than they seem to. */
export function checkPatterns(
  patterns: readonly string[],
  path: Path,
  mistakes: Mistakes,
): void {
  patterns.forEach((pattern, i) => {
    const isPattern = mistakes.try([...path, i], () => compilePattern(pattern)) !== undefined;
    if (isPattern && hasLooseEnds(pattern)) {
      mistakes.warn(
        [...path, i],
        `only the first branch is bound to the beginning and only the last to the end, as in regsync; write (${pattern})`,
      );
    }
  });
}
