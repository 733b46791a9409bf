/** Runs several rules one after the other, and sums up their results. */
import { SharedContent } from "../copy/shared_content.ts";
import type { RuleReport, RuleStatus, SyncReport, SyncStatus } from "./model.ts";
import type { SyncRule } from "./rule.ts";
import type { RunRuleOptions } from "./run_rule.ts";

/** Options of one run. */
export type RuleRunOptions =
  & Pick<
    RunRuleOptions,
    "dryRun" | "missing" | "only" | "waitUntil" | "signal" | "emit"
  >
  & {
    /** What the run has brought to destinations so far. Used by runners in this process. Default: nothing. */
    readonly memory?: SharedContent | undefined;
  };

/** Runs rules: with an engine in this process, or on a server. */
export interface RuleRunner {
  run(rule: SyncRule, options: RuleRunOptions): Promise<RuleReport>;
  status(rule: SyncRule, options: Pick<RuleRunOptions, "signal">): Promise<RuleStatus>;
}

/**
 * Runs rules one after the other. A rule makes several copies at once, and this keeps the events of a rule together. Failures are
 * part of a rule's report, and the next rule runs.
 *
 * @throws the signal's reason
 */
export async function runRules(
  rules: readonly SyncRule[],
  runner: RuleRunner,
  { now, ...options }: RuleRunOptions & { now: () => number },
): Promise<SyncReport> {
  const startedAt = now();
  const reports: RuleReport[] = [];
  const memory = new SharedContent();
  for (const rule of rules) {
    options.signal?.throwIfAborted();
    reports.push(await runner.run(rule, { ...options, memory }));
  }
  return { ...sumUpReports(reports), durationMs: now() - startedAt };
}

/** Sums up the results of several rules. */
function sumUpReports(rules: readonly RuleReport[]): Omit<SyncReport, "durationMs"> {
  const results = new Set(rules.map(({ result }) => result));
  const hasFailed = results.has("some-failed") || results.has("all-failed");
  if (!hasFailed) return { result: results.has("postponed") ? "postponed" : "ok", rules };
  const isAll = rules.every(({ result }) => result === "all-failed");
  return { result: isAll ? "all-failed" : "some-failed", rules };
}

/**
 * Computes the status of several rules. Nothing is written.
 *
 * @throws the signal's reason
 */
export async function statusOfRules(
  rules: readonly SyncRule[],
  runner: RuleRunner,
  options: Pick<RuleRunOptions, "signal">,
): Promise<SyncStatus> {
  const statuses: RuleStatus[] = [];
  for (const rule of rules) {
    options.signal?.throwIfAborted();
    statuses.push(await runner.status(rule, options));
  }
  const states = new Set(statuses.map(({ state }) => state));
  const state = states.has("error") ? "error" : states.has("behind") ? "behind" : "in-step";
  return { state, rules: statuses };
}
