/** What a durable run of a rule does: it lists, compares page by page, and has a copy started of whatever differs. */
import { askSelf } from "../durable/ask_self.ts";
import { CopyFailure } from "../durable/copy_failure.ts";
import type { DurableSteps } from "../durable/steps.ts";
import type { PageOutcome, RuleStep, RuleStepAnswers, TagDates } from "./rule_step.ts";

/** A run as it is begun: the rule is looked up in the configuration by its name. Plain JSON. */
export interface DurableRuleRun {
  readonly rule: string;
  readonly type: "image" | "repository" | "registry";
  /** Whether the rule deletes what it no longer selects. */
  readonly prunes: boolean;
  readonly only?: { readonly repository: string } | undefined;
  /** When to begin, in milliseconds since the epoch. Default: now. */
  readonly after?: number | undefined;
}

/** What came of it. Plain JSON. */
export interface DurableRuleReport extends PageOutcome {
  readonly rule: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Tags that were deleted, and that could not be. */
  readonly pruned: RuleStepAnswers["prune"];
}

export interface DurableRuleOptions {
  /** Images that one request compares. Default 20: a HEAD each to both sides stays below the 50 requests of the free plan. */
  readonly pageSize?: number;
}

/** Of all that failed, this much is told; the log has each. */
const MAX_FAILURES = 100;

const MAX_NAME_CHARS = 200;

/** A run waits so often for a limit, each time for five minutes or more… */
const MAX_WAITS = 200;

/** …and no longer than that after the first time. What is left then is for the next run. */
const MAX_WAITING_MS = 24 * 60 * 60 * 1000;

/**
 * Runs a rule. Interrupted and run again with the same `steps`, it goes on where it was. A repository that cannot be listed
 * is one that failed, and those after it follow. What a limit puts off is waited for; of a page that is asked again the last
 * answer counts.
 *
 * @throws CopyFailure when the repositories of a registry cannot be listed, or the rule is gone
 */
export async function runDurableRule(
  { rule, type, prunes, only, after }: DurableRuleRun,
  steps: DurableSteps,
  { pageSize = 20 }: DurableRuleOptions = {},
): Promise<DurableRuleReport> {
  const outcomes: PageOutcome[] = [];
  let pruned = { deleted: 0, failed: 0 };

  async function ask<Type extends RuleStep["type"]>(
    name: string,
    step: Extract<RuleStep, { type: Type }>,
  ): Promise<RuleStepAnswers[Type]> {
    return await steps.run(name, () => askSelf(steps, "/internal/rule-steps", step));
  }

  /** Where the rule needs dates, a request finds some of them. */
  async function list(
    place: string,
    repository: string,
  ): Promise<{ tags: readonly string[]; dates: TagDates }> {
    const dates: TagDates = [];
    for (let part = 1;; part++) {
      const name = part === 1 ? `${place}: tags` : `${place}: tags, part ${part}`;
      const { tags, dates: found = [] } = await ask(name, {
        type: "tags",
        rule,
        repository,
        dates,
      });
      dates.push(...found);
      if (tags) return { tags, dates };
    }
  }

  let waits = 0;
  let giveUpAt: number | undefined;
  let startedPulls = 0;

  async function compare(
    name: string,
    step: Extract<RuleStep, { type: "page" | "image" }>,
  ): Promise<void> {
    for (let tried = name;; tried = `${name}, after wait ${waits}`) {
      const outcome = await ask<"page" | "image">(tried, {
        ...step,
        ...(step.type === "page" && startedPulls > 0 ? { started: startedPulls } : {}),
      });
      startedPulls = outcome.started ?? startedPulls;
      const { putOffUntil: until } = outcome;
      giveUpAt ??= until === undefined ? undefined : until + MAX_WAITING_MS;
      if (until === undefined || until > (giveUpAt ?? until) || waits === MAX_WAITS) {
        outcomes.push(outcome);
        return;
      }
      waits += 1;
      await steps.sleepUntil(`wait ${waits}`, until);
      // By now the registry's own count has them.
      startedPulls = 0;
    }
  }

  const startedAt = await steps.run("start", () => Promise.resolve(steps.now()));
  if (after !== undefined) await steps.sleepUntil("begin", after);
  if (type === "image") {
    await compare("image", { type: "image", rule });
    return { rule, startedAt, ...sumUp(outcomes), pruned };
  }
  const { repositories } = await ask("repositories", {
    type: "repositories",
    rule,
    ...(only ? { only: only.repository } : {}),
  });
  for (const [n, repository] of repositories.entries()) {
    // Names have at most 256 characters, and no two are the same.
    const place = `${n + 1} ${repository}`.slice(0, MAX_NAME_CHARS);
    try {
      const begin = outcomes.length;
      const { tags, dates } = await list(place, repository);
      for (let i = 0; i < tags.length && !isPutOff(outcomes); i += pageSize) {
        const page = tags.slice(i, i + pageSize);
        const name = `${place}: ${i + 1} to ${i + page.length}`;
        await compare(name, { type: "page", rule, repository, tags: page });
      }
      if (isPutOff(outcomes)) break;
      if (!prunes || only) continue;
      const { counts } = sumUp(outcomes.slice(begin));
      const step = { type: "prune" as const, rule, repository, dates, counts };
      const one = await ask(`${place}: prune`, step);
      pruned = { deleted: pruned.deleted + one.deleted, failed: pruned.failed + one.failed };
    } catch (error) {
      if (!(error instanceof CopyFailure)) throw error;
      outcomes.push(toFailed(repository, error));
    }
  }
  return { rule, startedAt, ...sumUp(outcomes), pruned };
}

function isPutOff(outcomes: readonly PageOutcome[]): boolean {
  return outcomes.at(-1)?.putOffUntil !== undefined;
}

function toFailed(repository: string, { problem }: CopyFailure): PageOutcome {
  const { detail, code } = problem;
  const error = { code: code === "internal" ? "registry" as const : code, message: detail };
  return {
    counts: { failed: 1 },
    failures: [{ source: repository, error }],
  };
}

function sumUp(outcomes: readonly PageOutcome[]): PageOutcome {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) {
    for (const [result, count] of Object.entries(outcome.counts)) {
      counts[result] = (counts[result] ?? 0) + count;
    }
  }
  const putOffUntil = outcomes.at(-1)?.putOffUntil;
  return {
    counts,
    failures: outcomes.flatMap(({ failures }) => failures).slice(0, MAX_FAILURES),
    ...(putOffUntil === undefined ? {} : { putOffUntil }),
  };
}
