import type { Batch } from "./batch.ts";
import { CrossdockError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { findClaims } from "./claims.ts";
import { choosePrunable } from "./prune.ts";
import type { SyncRule } from "./rule.ts";
import type { PruneReport } from "./model.ts";
import { toFailure } from "./to_failure.ts";

export interface PruneTargetOptions {
  /** Nothing is deleted unless it has `prune`. */
  readonly rule: SyncRule;
  /** All rules of the configuration, including those that do not run: their tags are kept. */
  readonly rules: readonly SyncRule[];
  /** The source of the target: `registry/repository`. */
  readonly source: string;
  /** The tags that the rule selects in the source. */
  readonly selected: readonly string[];
  /** Tags that are younger than the rule's `minAge`. */
  readonly tooFresh: readonly string[];
  readonly batch: Pick<Batch, "tags" | "deleteTag" | "requireDeletion">;
  /** Deletes nothing, and reports what would be deleted. */
  readonly dryRun?: boolean | undefined;
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Deletes the tags of a target that no rule selects any more, unless they are too many. It deletes tags only, one after the other.
 * It stops at the first tag if the registry does not delete tags.
 *
 * @param target `registry/repository`
 */
export async function pruneTarget(
  target: string,
  { rule, rules, source, selected, tooFresh, batch, dryRun, warn, signal }: PruneTargetOptions,
): Promise<PruneReport[]> {
  const { prune } = rule;
  if (!prune) return [];
  const present: string[] = [];
  try {
    for await (const page of batch.tags(target, { side: "destination", signal })) {
      present.push(...page);
    }
  } catch (error) {
    const { code, message } = toFailure(error, signal);
    if (code !== "not_found") warn(`prune ${target}: ${message}`);
    return [];
  }
  const claims = findClaims(target, { rule, source, rules });
  const { tags, uncertain, isTooMuch } = choosePrunable(present, {
    ...prune,
    claims,
    selected,
    tooFresh,
  });
  for (const name of uncertain) {
    warn(
      `tags that the rule ${quote(name)} may write are not pruned, because their names come from ` +
        "its template for backup or targetTag; add a pattern for them to prune.keep",
    );
  }
  if (isTooMuch) {
    warn(
      `prune ${target}: no tag was deleted: ${tags.length} of ${present.length} tags are no longer selected, ` +
        `more than prune.maxShare allows (${prune.maxShare})`,
    );
    return tags.map((tag) => ({ destination: `${target}:${tag}`, result: "held-back" }));
  }
  const reports: PruneReport[] = [];
  for (const tag of tags) {
    const destination = `${target}:${tag}`;
    try {
      batch.requireDeletion(destination);
      if (dryRun) {
        reports.push({ destination, result: "would-delete" });
        continue;
      }
      await batch.deleteTag(destination, { signal });
      reports.push({ destination, result: "deleted" });
    } catch (error) {
      reports.push({ destination, result: "failed", error: toFailure(error, signal) });
      if (error instanceof CrossdockError && error.code === "unsupported") break;
    }
  }
  return reports;
}
