/** Runs several rules, one after the other, and sums up what came of them. */
import type { EmitSync, RuleReport, RuleStatus, SyncReport, SyncStatus } from "./model.ts";
import type { SyncRule } from "./rule.ts";

/** How a run goes about its work. */
export interface RunOptions {
  /** Writes nothing and says what would be written. */
  readonly dryRun?: boolean | undefined;
  /** Copies only tags that a target lacks. */
  readonly missing?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
}

/** Whatever runs rules: an engine here, or a host. */
export interface RuleRunner {
  run(rule: SyncRule, options: RunOptions): Promise<RuleReport>;
  status(rule: SyncRule, options: Pick<RunOptions, "signal">): Promise<RuleStatus>;
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
  { now, ...options }: RunOptions & { now: () => number },
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
  if (!hasFailed) return { result: results.has("put-off") ? "put-off" : "ok", rules };
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
  options: Pick<RunOptions, "signal">,
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
