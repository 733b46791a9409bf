import type { RepositoryWork } from "./expand.ts";
import type { PruneOptions } from "./rule.ts";
import { createNameFilter } from "./select_tags.ts";
import { parseReference } from "../oci/reference.ts";

/** Tags of a target that its rule no longer selects. */
export interface Prunable {
  readonly tags: readonly string[];
  /** More than one run may delete: then none of them may be. */
  readonly isTooMuch: boolean;
}

/** cosign's tags and those of the fallback for referrers: they go with their subjects, not with a rule. */
const DIGEST_TAG = /^sha(?:256|512)-/;

/**
 * Chooses what may be deleted from one target. Nothing is, where the source could not be looked at or nothing was selected: a
 * source that lost its tags must not empty its mirror.
 *
 * @param present the tags that the target has
 */
export function choosePrunable(
  { keep, maxShare }: PruneOptions,
  { items, tooFresh, failure }: Pick<RepositoryWork, "items" | "tooFresh" | "failure">,
  present: readonly string[],
): Prunable {
  if (failure || items.length === 0) return { tags: [], isTooMuch: false };
  const selected = new Set([
    ...items.map(({ source }) => parseReference(source).tag),
    ...tooFresh,
  ]);
  const isKept = keep.length === 0 ? () => false : createNameFilter({ allow: keep, deny: [] });
  const tags = present.filter((tag) => !selected.has(tag) && !isKept(tag) && !DIGEST_TAG.test(tag));
  // One at least, or a small repository would never be pruned.
  const most = maxShare === 0 ? 0 : Math.max(1, Math.floor(present.length * maxShare));
  return { tags, isTooMuch: tags.length > most };
}
