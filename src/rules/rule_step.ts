/** What a durable run of a rule asks its own server for, one request each. */
import * as z from "zod";
import type { Listing } from "../sync/batch.ts";
import type { SyncEngine } from "../sync/sync_engine.ts";
import { CrossdockError } from "../errors.ts";
import { parseReference } from "../oci/reference.ts";
import { expandRule, listRuleRepositories } from "../sync/expand.ts";
import type { RepositoryWork } from "../sync/expand.ts";
import { mayPrune } from "../sync/prune.ts";
import { pruneTarget } from "../sync/prune_target.ts";
import { createPullFloor } from "../sync/pull_floor.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { SyncFailure, TagReport } from "../sync/model.ts";
import type { DurableCopies } from "../durable/durable_copies.ts";
import { RequestError } from "../problem.ts";
import { runLogged } from "./rule_runner.ts";
import type { RuleHost } from "./rule_runner.ts";

const rule = z.string();
const repository = z.string();
/** When images were made, by their tags: milliseconds since the epoch, `null` where nobody says. */
const dates = z.array(z.tuple([z.string(), z.number().nullable()])).default([]);

export const ruleStepSchema = z.discriminatedUnion("type", [
  /** Lists the repositories that the rule is about. */
  z.strictObject({ type: z.literal("repositories"), rule, only: repository.optional() }),
  /** Lists the tags of one of them that the rule selects, given the dates that were found so far. */
  z.strictObject({ type: z.literal("tags"), rule, repository, dates }),
  /** Compares some of these and starts copies. Those that the run has started before take `started` pulls. */
  z.strictObject({
    type: z.literal("page"),
    rule,
    repository,
    tags: z.array(z.string()),
    started: z.number().optional(),
  }),
  /** Compares the one image of a rule that names it. */
  z.strictObject({ type: z.literal("image"), rule }),
  /** Deletes what the rule no longer selects, as far as it says so and the images of the pages came to something. */
  z.strictObject({
    type: z.literal("prune"),
    rule,
    repository,
    dates,
    counts: z.record(z.string(), z.number()),
  }),
]);

export type RuleStep = z.output<typeof ruleStepSchema>;

export type TagDates = z.output<typeof dates>;

/** What became of the images of a page. Plain JSON. */
export interface PageOutcome {
  /** How many came to what: `unchanged`, `started`, `failed`. */
  readonly counts: Readonly<Partial<Record<TagReport["result"], number>>>;
  /** Those that failed; a repository that could not be listed has no destination. */
  readonly failures: readonly {
    readonly source: string;
    readonly destination?: string;
    readonly error?: Pick<SyncFailure, "code" | "message"> | undefined;
  }[];
  /** Milliseconds since the epoch, where a rate limit put off the rest. */
  readonly putOffUntil?: number;
  /** Pulls of the copies that the run has started so far. */
  readonly started?: number;
}

/** What each gives. */
export interface RuleStepAnswers {
  readonly repositories: { readonly repositories: readonly string[] };
  readonly tags: {
    /** Absent where other dates have to be found first: then it is to be asked again, with those that were. */
    readonly tags?: readonly string[];
    /** Those that were found this time. */
    readonly dates?: TagDates;
  };
  readonly page: PageOutcome;
  readonly image: PageOutcome;
  readonly prune: { readonly deleted: number; readonly failed: number };
}

/**
 * Dates that one request finds: an index, a manifest, a config and a redirect each, with a HEAD before, stay below the 50 requests
 * of the free plan.
 */
const MAX_DATES = 8;

export interface PerformRuleStepOptions {
  readonly host: RuleHost;
  readonly engine: SyncEngine;
  /** Where there is one, copies go on by themselves. */
  readonly durable: DurableCopies | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly warn: (message: string) => void;
}

/**
 * Performs a step. Doing it again does no harm.
 *
 * @throws CrossdockError where a repository cannot be listed
 */
export async function performRuleStep(
  step: RuleStep,
  rule: SyncRule,
  options: PerformRuleStepOptions,
): Promise<RuleStepAnswers[RuleStep["type"]]> {
  const { host, engine, now, durable, signal } = options;
  switch (step.type) {
    case "repositories": {
      const only = step.only === undefined ? {} : { only: { repository: step.only } };
      const repositories: string[] = [];
      for await (
        const name of listRuleRepositories(rule, engine.batch({ isReadOnly: true }), {
          now,
          signal,
          ...only,
        })
      ) {
        repositories.push(name);
      }
      return { repositories };
    }
    case "tags": {
      const { work, dates, isPart } = await look(rule, step, options);
      return {
        ...(isPart ? {} : { tags: work.items.map(tagOf) }),
        ...(dates.length > 0 ? { dates } : {}),
      };
    }
    case "page": {
      const { repository, tags, started } = step;
      const given = { only: { repository, tags }, started: { pulls: started ?? 0 } };
      const outcome = sumUp(await runLogged(rule, { ...given, durable, signal }, host));
      return { ...outcome, started: given.started.pulls };
    }
    case "image":
      return sumUp(await runLogged(rule, { durable, signal }, host));
    case "prune": {
      const { work, isPart } = await look(rule, step, options);
      const fresh = work.tooFresh.map(() => "too-fresh");
      if (isPart || !mayPrune([...Object.keys(step.counts), ...fresh])) {
        return { deleted: 0, failed: 0 };
      }
      return await prune(rule, work, options);
    }
  }
}

/** Finds a rule by its name, which it may have lost since the run began. */
export function findRule(rules: readonly SyncRule[], name: string): SyncRule {
  const rule = rules.find((one) => one.name === name);
  if (rule) return rule;
  throw new RequestError("not_found", `there is no rule ${name} in the configuration`);
}

interface Look {
  readonly work: RepositoryWork;
  /** Dates that were not known before. */
  readonly dates: TagDates;
  /** Whether dates are still to be found; then the work is not what the rule means. */
  readonly isPart: boolean;
}

async function look(
  rule: SyncRule,
  { repository, dates }: Pick<Extract<RuleStep, { type: "tags" }>, "repository" | "dates">,
  { engine, now, signal }: PerformRuleStepOptions,
): Promise<Look> {
  const batch = engine.batch({ isReadOnly: true, beforePull: createPullFloor(rule) });
  const known = new Map(dates);
  const found: TagDates = [];
  let asked = 0;
  const source: Listing = {
    tags: batch.tags,
    repositories: batch.repositories,
    async created(name, options): Promise<Date | undefined> {
      const tag = parseReference(name).tag ?? "";
      let time = known.get(tag);
      if (time === undefined && ++asked <= MAX_DATES) {
        time = await findTime(batch, name, options);
        found.push([tag, time]);
      }
      return typeof time === "number" ? new Date(time) : undefined;
    },
  };
  for await (const work of expandRule(rule, source, { now, signal, only: { repository } })) {
    if (work.failure) throw work.failure;
    return { work, dates: found, isPart: asked > MAX_DATES };
  }
  const work = { source: repository, targets: [], items: [], tooFresh: [] };
  return { work, dates: [], isPart: false };
}

/** @returns `null` where there is no date, or no image any longer */
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

function tagOf({ source }: RepositoryWork["items"][number]): string {
  return parseReference(source).tag ?? "";
}

async function prune(
  rule: SyncRule,
  work: RepositoryWork,
  { host, engine, warn, signal }: PerformRuleStepOptions,
): Promise<RuleStepAnswers["prune"]> {
  const { rules } = host.config.sync;
  const batch = engine.batch();
  const results: string[] = [];
  for (const target of work.targets) {
    const pruned = await pruneTarget(target, { rule, rules, work, batch, warn, signal });
    results.push(...pruned.map(({ result }) => result));
  }
  const count = (result: string): number => results.filter((one) => one === result).length;
  return { deleted: count("deleted"), failed: count("failed") };
}

function sumUp(
  { tags, putOffUntil }: { readonly tags: readonly TagReport[]; readonly putOffUntil?: number },
): PageOutcome {
  const counts: Partial<Record<TagReport["result"], number>> = {};
  for (const { result } of tags) counts[result] = (counts[result] ?? 0) + 1;
  return {
    counts,
    failures: tags.filter(({ result }) => result === "failed")
      .map(({ source, destination, error }) => ({ source, destination, error })),
    ...(putOffUntil === undefined ? {} : { putOffUntil }),
  };
}
