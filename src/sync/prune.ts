import { matchDigestTag } from "../oci/digest_tag.ts";
import type { Claim } from "./claims.ts";
import type { PruneOptions } from "./rule.ts";
import type { TagReport } from "./model.ts";
import { createNameFilter } from "./select_tags.ts";

/** Tags of a target that no rule selects any longer. */
export interface Prunable {
  readonly tags: readonly string[];
  /** Rules that other tags were left for, without anybody knowing whether they are theirs. */
  readonly uncertain: readonly string[];
  /** More than one run may delete: then none of them may be. */
  readonly isTooMuch: boolean;
}

/**
 * Whether the results of a repository's images allow a prune of its targets. Nothing is pruned where no image of the source was
 * seen, or where a rate limit postponed one.
 *
 * @param results of the repository's images and of those that are too fresh
 */
export function mayPrune(results: readonly TagReport["result"][]): boolean {
  const isSeen = results.some((result) => result !== "failed" && result !== "missing");
  return isSeen && !results.includes("postponed");
}

/**
 * Chooses the tags that may be deleted from one target. None, where the rule selects nothing: a source that lost its tags must
 * not empty its mirror.
 *
 * @param options.claims of other rules to the target's tags
 * @param options.selected the tags that the rule selects
 * @param options.tooFresh tags that are younger than the rule's `minAge`
 * @param present the tags that the target has
 */
export function choosePrunable(
  present: readonly string[],
  { keep, maxShare, claims, selected, tooFresh }: PruneOptions & {
    readonly claims: readonly Claim[];
    readonly selected: readonly string[];
    readonly tooFresh: readonly string[];
  },
): Prunable {
  if (selected.length === 0) return { tags: [], uncertain: [], isTooMuch: false };
  const stay = new Set([...selected, ...tooFresh]);
  const isKept = keep.length === 0 ? () => false : createNameFilter({ allow: keep, deny: [] });
  const unselected = present.filter((tag) =>
    !stay.has(tag) && !isKept(tag) && !matchDigestTag(tag)
  );
  const uncertain = new Set<string>();
  const tags = unselected.filter((tag) => {
    const claim = claims.find(({ takes }) => takes(tag));
    if (claim && !claim.isCertain) uncertain.add(claim.rule);
    return !claim;
  });
  // One at least, or a small repository would never be pruned.
  const most = maxShare === 0 ? 0 : Math.max(1, Math.floor(present.length * maxShare));
  return { tags, uncertain: [...uncertain], isTooMuch: tags.length > most };
}
