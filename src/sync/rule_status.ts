/** How a rule stands, computed from the registries: nothing is stored. */
import type { Batch } from "./batch.ts";
import { mapConcurrent } from "../copy/concurrent.ts";
import { findTags, listRepositories, targetsOf, toWorkItem } from "./expand.ts";
import type { WorkItem } from "./expand.ts";
import { createPullFloor } from "./pull_floor.ts";
import type { RuleStatus, TagStatus } from "./model.ts";
import type { SyncRule } from "./rule.ts";
import type { RuleContextOptions } from "./perform_rule_step.ts";
import type { RunRuleOptions } from "./run_rule.ts";
import { Slots } from "./slots.ts";
import { toFailure } from "./to_failure.ts";

export type StatusOfRuleOptions =
  & Pick<RuleContextOptions, "engine" | "now" | "signal" | "slots">
  & Pick<RunRuleOptions, "only">;

/**
 * Compares all that a rule means by a HEAD on either side. Images that are too fresh, are of a media type that the rule does not
 * want, or are named by it and not there, are left out. What cannot be found out without going below the rule's floor of pulls is an error.
 *
 * @throws the signal's reason
 */
export async function statusOfRule(
  rule: SyncRule,
  { engine, now, signal, only, slots = new Slots(4) }: StatusOfRuleOptions,
): Promise<RuleStatus> {
  const batch = engine.batch({ isReadOnly: true, beforePull: createPullFloor(rule) });
  const tags: TagStatus[] = [];
  const failAll = (source: string, targets: readonly string[], cause: unknown): void => {
    const error = toFailure(cause, signal);
    for (const destination of targets) tags.push({ source, destination, state: "error", error });
  };
  const expanding = { now: now(), signal, only };
  try {
    for await (const repository of listRepositories(rule, batch, expanding)) {
      try {
        const { tags: selected, isListed } = await findTags(rule, repository, batch, expanding);
        const compare = async (tag: string): Promise<TagStatus[]> => {
          const leave = await slots.take(signal);
          const item = toWorkItem(rule, repository, tag);
          return await statusOfItem(rule, item, { batch, isListed, signal }).finally(leave);
        };
        tags.push(...(await mapConcurrent(selected, slots.count, compare, signal)).flat());
      } catch (error) {
        failAll(repository, targetsOf(rule, repository), error);
      }
    }
  } catch (error) {
    failAll(rule.source, rule.targets, error);
  }
  const states = new Set(tags.map(({ state }) => state));
  const isBehind = states.has("behind") || states.has("missing");
  const state = states.has("error") ? "error" : isBehind ? "behind" : "in-step";
  return { rule: rule.name, state, tags, requests: { ...batch.requests } };
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
      const asked = { ...request, ifExists: "overwrite" as const, recheck: false };
      const prospect = await image.compare(asked, { fastCheck, signal });
      const { digest } = prospect.source;
      if (mediaTypes && !mediaTypes.includes(prospect.source.mediaType)) return [];
      const { state, current } = prospect;
      const differs = current !== undefined && current !== digest;
      return [{ source, destination, state, digest, ...(differs ? { current } : {}) }];
    } catch (cause) {
      const error = toFailure(cause, signal);
      const isNone = !isListed && error.code === "not_found" && error.side === "source";
      return isNone ? [] : [{ source, destination, state: "error", error }];
    }
  }));
  return statuses.flat();
}
