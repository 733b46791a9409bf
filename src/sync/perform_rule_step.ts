/** Performs one step of a rule's run. Only steps read or write registries. */
import { mapConcurrent } from "../copy/concurrent.ts";
import { CrossdockError } from "../errors.ts";
import { isIndexMediaType } from "../oci/media_types.ts";
import { parseReference } from "../oci/reference.ts";
import type { Listing } from "./listing.ts";
import {
  destinationsOf,
  findNames,
  findTags,
  listRepositories,
  targetsOf,
  toWorkItem,
} from "./expand.ts";
import type { PruneReport } from "./model.ts";
import { performImages } from "./perform_images.ts";
import { pruneTarget } from "./prune_target.ts";
import { addWarning, repositoryOf, toPostponement } from "./rule_context.ts";
import type { RuleContext } from "./rule_context.ts";
import { putState, takeState } from "./rule_state.ts";
import type { ResultOf, RuleStep, RuleStepResults, TagDates } from "./rule_steps.ts";
import { toFailure } from "./to_failure.ts";

/**
 * Performs a step. It may be performed again without harm. A rate limit of the source is part of the result.
 *
 * @throws CrossdockError or ParseError if a repository or its tags cannot be listed; the signal's reason
 */
export async function performRuleStep<Step extends RuleStep>(
  step: Step,
  context: RuleContext,
): Promise<ResultOf<Step>>;
export async function performRuleStep(
  step: RuleStep,
  context: RuleContext,
): Promise<ResultOf<RuleStep>> {
  switch (step.type) {
    case "repositories":
      return await performRepositories(step, context);
    case "tags":
      return await performTags(step, context);
    case "names":
      return await performNames(step, context);
    case "search":
      return await performSearch(step, context);
    case "images":
      return await performImages(step, context);
    case "remember":
      return { warnings: await putState(step, context) };
    case "prune":
      return await performPrune(step, context);
  }
}

type StepOf<Type extends RuleStep["type"]> = Extract<RuleStep, { type: Type }>;

async function performRepositories(
  { only }: StepOf<"repositories">,
  context: RuleContext,
): Promise<RuleStepResults["repositories"]> {
  const { rule, batch, signal } = context;
  const repositories: string[] = [];
  try {
    const scope = only === undefined ? undefined : { repository: only };
    for await (const name of listRepositories(rule, batch, { only: scope, signal })) {
      repositories.push(name);
    }
    return { repositories };
  } catch (error) {
    const postponed = toPostponement(error, context);
    if (postponed) return { repositories, postponed };
    if (repositories.length === 0) throw error;
    return { repositories, failure: toFailure(error, signal) };
  }
}

async function performTags(
  { repository, only: tag, dates: known, missing }: StepOf<"tags">,
  context: RuleContext,
): Promise<RuleStepResults["tags"]> {
  const { rule, batch, signal, now, maxDates = Infinity } = context;
  const { source, dates, isIncomplete } = limitDates(batch, known, maxDates);
  const only = tag === undefined ? undefined : { repository, tag };
  try {
    const { tags, ...rest } = await findTags(rule, repository, source, {
      now: now(),
      only,
      signal,
    });
    if (isIncomplete()) return { dates };
    const destinations = rule.type === "image"
      ? []
      : tags.flatMap((tag) => destinationsOf(rule, repository, tag));
    const warnings: string[] = [];
    const selected = { ...rest, tags, dates, warnings };
    const present = missing && await listPresent(repository, destinations, context);
    if (present || tag !== undefined) {
      const copied = destinations.filter((name) => !present || !present.has(name));
      await takeState(repository, context, warnings, new Set(copied));
      return { ...selected, ...(present ? { present: [...present] } : {}) };
    }
    const state = await takeState(repository, context, warnings);
    const names = state?.known.map(([name]) => name) ?? [];
    if (names.length === 0) await probeTargets(destinations, context);
    if (!state) return selected;
    const still = await listPresent(repository, names, context, true);
    const known = state.known.filter(([name]) => still.has(name));
    return { ...selected, state: { ...state, known } };
  } catch (error) {
    const postponed = toPostponement(error, context);
    if (!postponed) throw error;
    return { dates, postponed };
  }
}

async function performNames(
  { repository }: StepOf<"names">,
  context: RuleContext,
): Promise<RuleStepResults["names"]> {
  const { rule, batch, signal } = context;
  try {
    return { tags: await findNames(rule, repository, batch, { signal }) };
  } catch (error) {
    const postponed = toPostponement(error, context);
    if (!postponed) throw error;
    return { postponed };
  }
}

/** Images that are resolved, or indexes that are read, in parallel. */
const SEARCH_CONCURRENCY = 16;

/**
 * Resolves each tag by HEAD, or reads each index.
 *
 * @throws the first error of a tag if none of the others has the manifest
 */
async function performSearch(
  { repository, tags, digest, inIndexes }: StepOf<"search">,
  context: RuleContext,
): Promise<RuleStepResults["search"]> {
  const { rule, batch, signal } = context;
  const found = new Set<string>();
  const indexes = new Map<string, string>();
  const errors: unknown[] = [];
  await mapConcurrent(tags, SEARCH_CONCURRENCY, async (tag) => {
    const { source } = toWorkItem(rule, repository, tag);
    try {
      const root = inIndexes ? undefined : await batch.resolve(source, { signal });
      const digests = inIndexes ? await batch.children(source, { signal }) : [root?.digest];
      if (digests.includes(digest)) found.add(tag);
      else if (root && isIndexMediaType(root.mediaType)) indexes.set(root.digest, tag);
    } catch (error) {
      signal?.throwIfAborted();
      errors.push(error);
    }
  }, signal);
  const result = { found: tags.filter((tag) => found.has(tag)), indexes: [...indexes.values()] };
  const [error] = errors;
  if (error === undefined || found.size > 0) return result;
  const [postponed] = errors.flatMap((error) => toPostponement(error, context) ?? []);
  if (!postponed) throw error;
  return { ...result, postponed };
}

/**
 * Lists the destinations that have their tag, by one list for each target: a comparison costs two requests for each tag. A target
 * that cannot be listed has none, so that its tags are compared.
 *
 * @param isShort whether a list ends where it would cost more requests than it saves
 */
async function listPresent(
  repository: string,
  destinations: readonly string[],
  { rule, batch, signal }: RuleContext,
  isShort = false,
): Promise<Set<string>> {
  const present = new Set<string>();
  for (const target of targetsOf(rule, repository)) {
    const wanted = new Set(
      destinations.filter((name) => name.startsWith(`${target}:`)),
    );
    let pagesLeft = isShort ? Math.floor(wanted.size / 2) : wanted.size && Infinity;
    if (pagesLeft === 0) continue;
    try {
      for await (const page of batch.tags(target, { side: "destination", signal })) {
        for (const tag of page) {
          const name = `${target}:${tag}`;
          if (wanted.has(name)) present.add(name);
        }
        if (--pagesLeft === 0) break;
      }
    } catch (error) {
      toFailure(error, signal);
    }
  }
  return present;
}

/**
 * Finds targets without any tag: images are copied there without a HEAD for each. Resolves one tag of each target, which its
 * comparison does not repeat, and lists the target only if it lacks this tag. For a single tag, a list would save nothing. A target
 * that has any tag is compared tag by tag, so that an incomplete list does no harm. Nothing is found in advance for a rule that must
 * not overwrite a tag, or not without a backup. Durable copies resolve their tags themselves.
 */
async function probeTargets(destinations: readonly string[], context: RuleContext): Promise<void> {
  const { rule, batch, signal, isReadOnly, startCopy, emptyTargets, probed } = context;
  const { backup, copy: { ifExists = "overwrite" } } = rule;
  if (isReadOnly || startCopy || backup || ifExists !== "overwrite") return;
  const tags = Map.groupBy(destinations, repositoryOf);
  await Promise.all([...tags].map(async ([target, [first, second]]) => {
    if (first === undefined || second === undefined) return;
    try {
      const { current, isEmpty } = await batch.probe(first, { signal });
      probed.set(first, current ?? null);
      if (isEmpty) emptyTargets.add(target);
    } catch (error) {
      // The comparison of the tag reports it.
      toFailure(error, signal);
    }
  }));
}

/** A listing that reuses known dates and finds a limited number of others. */
function limitDates(
  batch: Listing,
  known: TagDates,
  maxDates: number,
): { source: Pick<Listing, "tags" | "created">; dates: TagDates; isIncomplete: () => boolean } {
  const times = new Map(known);
  const dates: TagDates = [];
  let needed = 0;
  return {
    dates,
    isIncomplete: () => needed > maxDates,
    source: {
      tags: batch.tags,
      async created(name, options): Promise<Date | undefined> {
        const tag = parseReference(name).tag ?? "";
        let time = times.get(tag);
        if (time === undefined && ++needed <= maxDates) {
          time = await findTime(batch, name, options);
          dates.push([tag, time]);
        }
        return typeof time === "number" ? new Date(time) : undefined;
      },
    },
  };
}

/** @returns `null` if the image has no date, or no longer exists */
async function findTime(
  source: Listing,
  ...[name, options]: Parameters<Listing["created"]>
): Promise<number | null> {
  try {
    return (await source.created(name, options))?.getTime() ?? null;
  } catch (error) {
    if (error instanceof CrossdockError && error.code === "not_found") return null;
    throw error;
  }
}

async function performPrune(
  { repository, tags, tooFresh, dryRun }: StepOf<"prune">,
  context: RuleContext,
): Promise<RuleStepResults["prune"]> {
  const { rule, rules, batch, signal, emit } = context;
  const warnings: string[] = [];
  const pruned: PruneReport[] = [];
  for (const target of targetsOf(rule, repository)) {
    const reports = await pruneTarget(target, {
      rule,
      rules,
      source: repository,
      selected: tags,
      tooFresh,
      batch,
      dryRun,
      signal,
      warn: (message) => addWarning(message, warnings, context),
    });
    for (const report of reports) emit?.({ type: "prune-ended", rule: rule.name, pruned: report });
    pruned.push(...reports);
  }
  return { pruned, warnings };
}
