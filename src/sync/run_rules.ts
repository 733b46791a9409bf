/** Runs several rules, one after the other, and sums up what came of them. */
import type { RuleReport, RuleStatus, SyncReport, SyncStatus } from "./model.ts";
import type { SyncRule } from "./rule.ts";
import type { RunRuleOptions } from "./run_rule.ts";

/** Options of one run. */
export type RuleRunOptions = Pick<
  RunRuleOptions,
  "dryRun" | "missing" | "waitUntil" | "signal" | "emit"
>;

/** Runs rules: with an engine in this process, or on a server. */
export interface RuleRunner {
  run(rule: SyncRule, options: RuleRunOptions): Promise<RuleReport>;
  status(rule: SyncRule, options: Pick<RuleRunOptions, "signal">): Promise<RuleStatus>;
}

/**
 * Runs rules, each to its end before the next: one has several copies at once, and what is told of them stays together. What fails
 * of one is in its report, and the next one runs.
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
  for (const rule of rules) {
    options.signal?.throwIfAborted();
    reports.push(await runner.run(rule, options));
  }
  return { ...sumUpReports(reports), durationMs: now() - startedAt };
}

/** What rules came to together. */
export function sumUpReports(rules: readonly RuleReport[]): Omit<SyncReport, "durationMs"> {
  const results = new Set(rules.map(({ result }) => result));
  const hasFailed = results.has("some-failed") || results.has("all-failed");
  if (!hasFailed) return { result: results.has("postponed") ? "postponed" : "ok", rules };
  const isAll = rules.every(({ result }) => result === "all-failed");
  return { result: isAll ? "all-failed" : "some-failed", rules };
}

/**
 * Says how rules stand: nothing is written.
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
