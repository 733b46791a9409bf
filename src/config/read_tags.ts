import type { ConfigNode } from "./config_node.ts";
import { hasLooseEnds } from "../sync/pattern.ts";
import type { NameFilter, TagSet } from "../sync/rule.ts";
import type { RawRule, RawTags } from "./schema.ts";

/** Reads the tag sets of a rule: `tagSets`, and `tags` as one more unless it is empty. */
export function readTagSets({ tags = {}, tagSets = [] }: RawRule, node: ConfigNode): TagSet[] {
  const sets = tagSets.map((set, i) => readTagSet(set, node.at("tagSets", i)));
  const set = readTagSet(tags, node.at("tags"));
  const selects = set.allow.length + set.deny.length + set.semverRange.length > 0 ||
    set.latest !== undefined;
  return selects ? [...sets, set] : sets;
}

function readTagSet(raw: RawTags, node: ConfigNode): TagSet {
  const { semverRange = [], latest, by = "semver" } = raw;
  if (node.at("by").exists && !node.at("latest").exists) {
    node.at("by").addMistake("by orders tags for latest, and latest is missing");
  }
  return {
    ...readNameFilter(raw, node),
    // regsync skips empty ranges.
    semverRange: semverRange.filter((range) => range !== ""),
    ...(latest === undefined ? {} : { latest: { count: latest, by } }),
  };
}

/** Reads `allow` and `deny`. */
export function readNameFilter(
  { allow = [], deny = [] }: Pick<RawTags, "allow" | "deny">,
  node: ConfigNode,
): NameFilter {
  warnOfPatterns(node.at("allow"));
  warnOfPatterns(node.at("deny"));
  return { allow, deny };
}

/** Warns of patterns that match more or less than they seem to. */
export function warnOfPatterns(patterns: ConfigNode): void {
  for (const pattern of patterns.items()) {
    if (!pattern.exists) {
      pattern.addWarning("is empty; as in regsync, it matches only an empty name");
    }
    if (pattern.text.includes("{{")) {
      pattern.addWarning("as in regsync, a pattern is no template, so {{ is part of the name");
    }
    if (!hasLooseEnds(pattern.text)) continue;
    pattern.addWarning(
      `as in regsync, ^ binds only the first alternative and $ only the last; write (${pattern.text})`,
    );
  }
}
