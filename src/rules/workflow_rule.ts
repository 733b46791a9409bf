/** A rule as a Workflow: the same loop, each step a request of the Worker to itself, its result stored by the platform. */
import * as z from "zod";
import { askSelf } from "../durable/ask_self.ts";
import { CopyFailure } from "../durable/copy_failure.ts";
import type { DurableSteps } from "../durable/steps.ts";
import { CrossdockError } from "../errors.ts";
import { withFields } from "../log.ts";
import type { Log } from "../log.ts";
import { RequestError } from "../problem.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { RuleReport, SyncFailure, TagReport } from "../sync/model.ts";
import { ruleStepSchema } from "../sync/rule_steps.ts";
import type { ResultOf, RuleStep, RuleSteps } from "../sync/rule_steps.ts";
import { runRule } from "../sync/run_rule.ts";
import { countTags } from "./run_logged.ts";

/** The parameters of a run. Plain JSON: the configuration has the rule itself. */
export interface DurableRuleRun {
  /** The rule's name. */
  readonly rule: string;
  readonly only?: { readonly repository: string } | undefined;
  /** When to begin, in milliseconds since the epoch. Default: now. */
  readonly after?: number | undefined;
}

/** The result of a run, of bounded length. Plain JSON. */
export interface DurableRuleReport {
  readonly rule: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Images by result. */
  readonly counts: Readonly<Partial<Record<TagReport["result"], number>>>;
  /** The first of those that failed; the log has each. */
  readonly failures: readonly {
    readonly source: string;
    readonly destination: string;
    readonly error?: Pick<SyncFailure, "code" | "message"> | undefined;
  }[];
  /** Tags that were deleted, and that could not be deleted. */
  readonly pruned: { readonly deleted: number; readonly failed: number };
  /** Milliseconds since the epoch, where a rate limit postponed the rest. */
  readonly postponedUntil?: number;
}

/** A step, on its way to the Worker that performs it. */
export const ruleStepBody = z.strictObject({ rule: z.string(), step: ruleStepSchema });

/** The answer to a step. */
export interface RuleStepAnswer<Step extends RuleStep = RuleStep> {
  readonly result: ResultOf<Step>;
  readonly requests: RuleReport["requests"];
}

export interface WorkflowRuleOptions {
  /** The rules of the configuration. */
  readonly rules: readonly SyncRule[];
  readonly log: Log;
  /** Images that one request compares. Default 20: a HEAD each to both sides stays below the 50 requests of the free plan. */
  readonly pageSize?: number;
}

const MAX_FAILURES = 100;

/** A run waits for rate limits so many times… */
const MAX_WAITS = 200;

/** …and no longer than this after the first time. The next run does the rest. */
const MAX_WAITING_MS = 24 * 60 * 60 * 1000;

/**
 * Runs a rule. Interrupted and run again with the same `durable`, it resumes where it was.
 *
 * @throws RequestError `not_found` where the configuration has lost the rule
 */
export async function runWorkflowRule(
  { rule: name, only, after }: DurableRuleRun,
  durable: DurableSteps,
  { rules, log: outer, pageSize = 20 }: WorkflowRuleOptions,
): Promise<DurableRuleReport> {
  const rule = findRule(rules, name);
  const log = withFields(outer, { rule: name, by: "workflow" });
  // Logged in a step, since a Workflow that resumes begins at the top.
  const startedAt = await durable.run("start", () => {
    log("info", "rule started", only);
    return Promise.resolve(durable.now());
  });
  if (after !== undefined) await durable.sleepUntil("begin", after);
  const { result, tags, pruned, postponedUntil } = await runRule(
    rule,
    workflowSteps(rule, durable, pageSize),
    {
      now: durable.now,
      only,
      waitUntil: boundWaits(durable),
    },
  );
  const countPruned = (wanted: string): number =>
    pruned.filter(({ result }) => result === wanted).length;
  const counts = countTags(tags);
  log(result === "ok" ? "info" : "warn", "rule ended", { result, tags: counts, postponedUntil });
  return {
    rule: name,
    startedAt,
    counts,
    failures: tags.filter(({ result }) => result === "failed").slice(0, MAX_FAILURES)
      .map(({ source, destination, error }) => ({ source, destination, error })),
    pruned: { deleted: countPruned("deleted"), failed: countPruned("failed") },
    ...(postponedUntil === undefined ? {} : { postponedUntil }),
  };
}

/** Finds a rule by its name, which the configuration may have lost since the run began. */
export function findRule(rules: readonly SyncRule[], name: string): SyncRule {
  const rule = rules.find((one) => one.name === name);
  if (rule) return rule;
  throw new RequestError("not_found", `there is no rule ${name} in the configuration`);
}

/** One after the other: names of steps, and their order, have to be the same when a Workflow is resumed. */
function workflowSteps(
  { name: rule }: SyncRule,
  durable: DurableSteps,
  pageSize: number,
): RuleSteps {
  const requests = { source: 0, destination: 0 };
  return {
    async run<Step extends RuleStep>(name: string, step: Step): Promise<ResultOf<Step>> {
      try {
        const answer = await durable.run(
          name,
          () => askSelf<RuleStepAnswer<Step>>(durable, "/internal/rule-steps", { rule, step }),
        );
        requests.source += answer.requests.source;
        requests.destination += answer.requests.destination;
        return answer.result;
      } catch (error) {
        throw error instanceof CopyFailure ? toError(error) : error;
      }
    },
    requests: () => ({ ...requests }),
    parallel: 1,
    pageSize,
  };
}

function toError(cause: CopyFailure): CrossdockError {
  const { code, detail, side, hint } = cause.problem;
  const known = code === "internal" ? "registry" : code;
  return new CrossdockError(known, detail, { cause, side, hint });
}

function boundWaits(durable: DurableSteps): (time: number) => Promise<boolean> {
  let waits = 0;
  let latest: number | undefined;
  return async (time) => {
    latest ??= time + MAX_WAITING_MS;
    if (time > latest || waits === MAX_WAITS) return false;
    waits += 1;
    await durable.sleepUntil(`wait ${waits}`, time);
    return true;
  };
}
