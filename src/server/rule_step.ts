/** What a durable run of a rule asks its own server for, one request each. */
import * as z from "zod";
import type { LocalEngine } from "../engine.ts";
import { parseReference } from "../oci/reference.ts";
import { expandRule, listRuleRepositories } from "../sync/expand.ts";
import type { RepositoryWork } from "../sync/expand.ts";
import { pruneTarget } from "../sync/prune_target.ts";
import { createPullFloor } from "../sync/pull_floor.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { SyncFailure, TagReport } from "../sync/rule_report.ts";
import type { DurableCopies } from "./durable_copies.ts";
import { RequestError } from "./problem.ts";
import { runLogged } from "./rule_runner.ts";
import type { RuleHost } from "./rule_runner.ts";

const rule = z.string();
const repository = z.string();

export const ruleStepSchema = z.discriminatedUnion("type", [
  /** Lists the repositories that the rule is about. */
  z.strictObject({ type: z.literal("repositories"), rule, only: repository.optional() }),
  /** Lists the tags of one of them that the rule selects. */
  z.strictObject({ type: z.literal("tags"), rule, repository }),
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
  /** Deletes what the rule no longer selects, as far as it says so. */
  z.strictObject({ type: z.literal("prune"), rule, repository }),
]);

export type RuleStep = z.output<typeof ruleStepSchema>;

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
  readonly tags: { readonly tags: readonly string[] };
  readonly page: PageOutcome;
  readonly image: PageOutcome;
  readonly prune: { readonly deleted: number; readonly failed: number };
}

export interface PerformRuleStepOptions {
  readonly host: RuleHost;
  readonly engine: LocalEngine;
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
      for await (const name of listRuleRepositories(rule, engine, { now, signal, ...only })) {
        repositories.push(name);
      }
      return { repositories };
    }
    case "tags":
      return { tags: (await look(rule, step.repository, options)).items.map(tagOf) };
    case "page": {
      const { repository, tags, started } = step;
      const given = { only: { repository, tags }, started: { pulls: started ?? 0 } };
      const outcome = sumUp(await runLogged(rule, { ...given, durable, signal }, host));
      return { ...outcome, started: given.started.pulls };
    }
    case "image":
      return sumUp(await runLogged(rule, { durable, signal }, host));
    case "prune":
      return await prune(rule, await look(rule, step.repository, options), options);
  }
}

/** Finds a rule by its name, which it may have lost since the run began. */
export function findRule(rules: readonly SyncRule[], name: string): SyncRule {
  const rule = rules.find((one) => one.name === name);
  if (rule) return rule;
  throw new RequestError("not_found", `there is no rule ${name} in the configuration`);
}

async function look(
  rule: SyncRule,
  repository: string,
  { engine, now, signal }: PerformRuleStepOptions,
): Promise<RepositoryWork> {
  const batch = engine.batch({ isReadOnly: true, beforePull: createPullFloor(rule) });
  for await (const work of expandRule(rule, batch, { now, signal, only: { repository } })) {
    if (work.failure) throw work.failure;
    return work;
  }
  return { source: repository, targets: [], items: [], tooFresh: [] };
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
