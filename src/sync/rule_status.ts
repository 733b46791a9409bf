/** Computes the status of a rule from the registries. Nothing is stored. */
import type { Batch } from "./batch.ts";
import { mapConcurrent } from "../copy/concurrent.ts";
import { findTags, listRepositories, targetsOf, toWorkItem } from "./expand.ts";
import type { WorkItem } from "./expand.ts";
import { createPullFloor } from "./pull_floor.ts";
import type { PruneReport, RuleStatus, TagReport, TagStatus } from "./model.ts";
import { mayPrune } from "./prune.ts";
import { pruneTarget } from "./prune_target.ts";
import type { SyncRule } from "./rule.ts";
import type { RuleContextOptions } from "./rule_context.ts";
import type { RunRuleOptions } from "./run_rule.ts";
import { Slots } from "../copy/slots.ts";
import { toFailure } from "./to_failure.ts";

export type StatusOfRuleOptions =
  & Pick<RuleContextOptions, "engine" | "rules" | "now" | "signal" | "slots">
  & Pick<RunRuleOptions, "only">;

/**
 * Compares each image of a rule with its targets, by a HEAD on each side, and finds the tags that the rule would prune. Left out
 * are images that are too fresh, and images of other media types. An image that cannot be compared without going below the rule's
 * floor of pulls is an error.
 *
 * @throws the signal's reason
 */
export async function statusOfRule(
  rule: SyncRule,
  { engine, rules, now, signal, only, slots = new Slots(4) }: StatusOfRuleOptions,
): Promise<RuleStatus> {
  const batch = engine.batch({ isReadOnly: true, beforePull: createPullFloor(rule) });
  const tags: TagStatus[] = [];
  const pruned: PruneReport[] = [];
  const warnings: string[] = [];
  const failAll = (source: string, targets: readonly string[], cause: unknown): void => {
    const error = toFailure(cause, signal);
    for (const destination of targets) tags.push({ source, destination, state: "error", error });
  };
  const expanding = { now: now(), signal, only };
  try {
    for await (const repository of listRepositories(rule, batch, expanding)) {
      try {
        const selection = await findTags(rule, repository, batch, expanding);
        const { tags: selected, tooFresh, isListed, notFound = [] } = selection;
        const compare = async (tag: string): Promise<TagStatus[]> => {
          const leave = await slots.take(signal);
          const item = toWorkItem(rule, repository, tag);
          return await statusOfItem(rule, item, { batch, isListed, signal }).finally(leave);
        };
        const compared = (await mapConcurrent(selected, slots.count, compare, signal)).flat();
        tags.push(...compared);
        for (const { requests } of notFound.map((tag) => toWorkItem(rule, repository, tag))) {
          for (const { source, destination } of requests) {
            tags.push({ source, destination, state: "not-found" });
          }
        }
        // A run sees the images that it skips because of their media type.
        const skipped = compared.length === 0 && selected.length > 0 ? ["skipped" as const] : [];
        const results = [...compared.map(toResult), ...skipped];
        if (!rule.prune || only || !mayPrune(results)) continue;
        for (const target of targetsOf(rule, repository)) {
          const options = { rule, rules, source: repository, selected, tooFresh, batch, signal };
          const warn = (message: string): void => void warnings.push(message);
          pruned.push(...await pruneTarget(target, { ...options, dryRun: true, warn }));
        }
      } catch (error) {
        failAll(repository, targetsOf(rule, repository), error);
      }
    }
  } catch (error) {
    failAll(rule.source, rule.targets, error);
  }
  const states = new Set(tags.map(({ state }) => state));
  const isBehind = states.has("behind") || states.has("missing") || states.has("incomplete") ||
    pruned.some(({ result }) => result === "would-delete");
  const state = states.has("error") ? "error" : isBehind ? "behind" : "in-step";
  return {
    rule: rule.name,
    state,
    tags,
    ...(pruned.length > 0 ? { pruned } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    requests: { ...batch.requests },
  };
}

/** The result of a run with this status, which decides whether it may prune. */
function toResult({ state, error }: TagStatus): TagReport["result"] {
  if (error?.code === "rate_limited") return "postponed";
  if (state === "not-found") return "missing";
  // An image that the admission policy rejects has another state.
  return error ? "failed" : "unchanged";
}

async function statusOfItem(
  { fastCheck, mediaTypes }: SyncRule,
  { source, requests }: WorkItem,
  { batch, isListed, signal }: {
    readonly batch: Batch;
    readonly isListed: boolean;
    readonly signal: AbortSignal | undefined;
  },
): Promise<TagStatus[]> {
  const image = batch.open(source);
  const statuses = await Promise.all(requests.map(async (request): Promise<TagStatus[]> => {
    const { destination } = request;
    try {
      const comparable = { ...request, ifExists: "overwrite" as const, recheck: false };
      const comparison = await image.compare(comparable, { fastCheck, signal });
      const { digest } = comparison.source;
      if (mediaTypes && !mediaTypes.includes(comparison.source.mediaType)) return [];
      const { state, current, referrerState } = comparison;
      const differs = current !== undefined && current !== digest;
      const hasImage = current !== undefined && current === comparison.digest;
      const status: TagStatus = {
        source,
        destination,
        state: state === "behind" && hasImage ? "incomplete" : state,
        digest,
        ...(differs ? { current } : {}),
        ...(hasImage && referrerState ? { referrerState } : {}),
      };
      if (state === "in-step") return [status];
      try {
        await comparison.admit({ signal });
        return [status];
      } catch (error) {
        return [{ ...status, error: toFailure(error, signal) }];
      }
    } catch (cause) {
      const error = toFailure(cause, signal);
      const isAbsent = !isListed && error.code === "not_found" && error.side === "source";
      return isAbsent
        ? [{ source, destination, state: "not-found" }]
        : [{ source, destination, state: "error", error }];
    }
  }));
  return statuses.flat();
}
