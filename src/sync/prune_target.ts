import type { Batch } from "../batch.ts";
import { CrossdockError } from "../errors.ts";
import type { RepositoryWork } from "./expand.ts";
import { choosePrunable } from "./prune.ts";
import type { PruneOptions } from "./rule.ts";
import type { PruneReport } from "./rule_report.ts";
import { toFailure } from "./to_failure.ts";

export interface PruneTargetOptions {
  readonly prune: PruneOptions;
  readonly work: RepositoryWork;
  readonly batch: Pick<Batch, "tags" | "deleteTag">;
  /** Deletes nothing and says what would be deleted. */
  readonly dryRun?: boolean | undefined;
  readonly warn: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Deletes the tags of a target that its rule no longer selects: tags alone, one after the other. A registry that deletes nothing
 * is asked once.
 *
 * @param target `registry/repository`
 */
export async function pruneTarget(
  target: string,
  { prune, work, batch, dryRun, warn, signal }: PruneTargetOptions,
): Promise<PruneReport[]> {
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
  const { tags, isTooMuch } = choosePrunable(prune, work, present);
  if (isTooMuch) {
    warn(
      `prune ${target}: ${tags.length} of ${present.length} tags are no longer selected, ` +
        `more than the share of ${prune.maxShare} that one run may delete: all were left`,
    );
    return [];
  }
  const reports: PruneReport[] = [];
  for (const tag of tags) {
    const destination = `${target}:${tag}`;
    if (dryRun) {
      reports.push({ destination, result: "would-delete" });
      continue;
    }
    try {
      await batch.deleteTag(destination, { signal });
      reports.push({ destination, result: "deleted" });
    } catch (error) {
      reports.push({ destination, result: "failed", error: toFailure(error, signal) });
      if (error instanceof CrossdockError && error.code === "unsupported") break;
    }
  }
  return reports;
}
