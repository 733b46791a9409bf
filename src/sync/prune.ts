import { matchDigestTag } from "../oci/digest_tag.ts";
import type { Claim } from "./claims.ts";
import type { PruneOptions } from "./rule.ts";
import type { TagReport } from "./model.ts";
import { createNameFilter } from "./select_tags.ts";

/** The tags of a target that no rule selects any more. */
export interface Prunable {
  readonly tags: readonly string[];
  /** Rules whose backups other tags may be; those tags are kept. */
  readonly uncertain: readonly string[];
  /** Whether they are more than one run may delete. Then none is deleted. */
  readonly isTooMuch: boolean;
}

/**
 * Whether the targets of a repository may be pruned. Not if no image of the source was seen, or if a rate limit postponed one.
 *
 * @param results of the repository's images, including those that are too fresh
 */
export function mayPrune(results: readonly TagReport["result"][]): boolean {
  const isSeen = results.some((result) => result !== "failed" && result !== "missing");
  return isSeen && !results.includes("postponed");
}

/**
 * Chooses the tags to delete from one target. If the rule selects no tags, it chooses none: a source that lost its tags must not
 * empty its mirror.
 *
 * @param options.claims tags of the target that belong to other rules
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
  // At least one, or a small repository would never be pruned.
  const most = maxShare === 0 ? 0 : Math.max(1, Math.floor(present.length * maxShare));
  return { tags, uncertain: [...uncertain], isTooMuch: tags.length > most };
}
