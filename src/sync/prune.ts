import type { Claim } from "./claims.ts";
import type { RepositoryWork } from "./expand.ts";
import type { PruneOptions } from "./rule.ts";
import { createNameFilter } from "./select_tags.ts";
import { parseReference } from "../oci/reference.ts";

/** Tags of a target that no rule selects any longer. */
export interface Prunable {
  readonly tags: readonly string[];
  /** Rules that other tags were left for, without anybody knowing whether they are theirs. */
  readonly uncertain: readonly string[];
  /** More than one run may delete: then none of them may be. */
  readonly isTooMuch: boolean;
}

/** cosign's tags and those of the fallback for referrers: they go with their subjects, not with a rule. */
const DIGEST_TAG = /^sha(?:256|512)-/;

/**
 * Whether what the images of a repository came to allows to prune its targets. Where nothing of the source was seen to be there,
 * nothing at a target is known to be gone from it; nor is it in a run that was put off.
 *
 * @param results of the repository's images and of the tags that are too fresh: each the `result` of a `TagReport`, in any order and number
 */
export function mayPrune(results: readonly string[]): boolean {
  const isSeen = results.some((result) => result !== "failed" && result !== "missing");
  return isSeen && !results.includes("put-off");
}

/**
 * Chooses what may be deleted from one target. Nothing is, where the source could not be looked at or nothing was selected: a
 * source that lost its tags must not empty its mirror.
 *
 * @param options.claims what others have there
 * @param present the tags that the target has
 */
export function choosePrunable(
  { keep, maxShare, claims }: PruneOptions & { readonly claims: readonly Claim[] },
  { items, tooFresh, failure }: Pick<RepositoryWork, "items" | "tooFresh" | "failure">,
  present: readonly string[],
): Prunable {
  if (failure || items.length === 0) return { tags: [], uncertain: [], isTooMuch: false };
  const selected = new Set([
    ...items.map(({ source }) => parseReference(source).tag),
    ...tooFresh,
  ]);
  const isKept = keep.length === 0 ? () => false : createNameFilter({ allow: keep, deny: [] });
  const unselected = present.filter((tag) =>
    !selected.has(tag) && !isKept(tag) && !DIGEST_TAG.test(tag)
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
