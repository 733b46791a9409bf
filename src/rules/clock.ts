/** Runs rules by the clock, on hosts that run until they are told to stop. */
import { nextRun, nextTry } from "../sync/next_run.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { Schedule } from "../sync/schedule.ts";
import { sleepUntil } from "../sync/sleep_until.ts";
import { putOffUntil } from "./rule_runner.ts";
import type { RuleOccasion, RuleRunner } from "./rule_runner.ts";
import type { Runtime } from "../runtime.ts";

export interface ClockOptions {
  readonly runRule: RuleRunner;
  readonly runtime: Pick<Runtime, "now" | "sleep">;
  /** Aborted when no rule is to be begun any more. */
  readonly stopping: AbortSignal;
  /** Waits for a run before the process ends. */
  readonly track: (job: Promise<unknown>) => void;
}

/**
 * Starts the clock: each rule that has a schedule waits for its times by itself. What comes due while a rule runs is past
 * when it has ended; one that was put off for a limit goes on as soon as that lets it. At the start such rules are run once for
 * what their targets lack, one after the other, as regsync does.
 */
export function startClock(rules: readonly SyncRule[], options: ClockOptions): void {
  const scheduled = rules.flatMap((rule) =>
    rule.schedule ? [{ rule, schedule: rule.schedule }] : []
  );
  untilStopped(runMissing(scheduled.map(({ rule }) => rule), options), options);
  for (const { rule, schedule } of scheduled) {
    untilStopped(keepTime(rule, schedule, options), options);
  }
}

function untilStopped(job: Promise<void>, { stopping }: ClockOptions): void {
  job.catch((error) => {
    if (!stopping.aborted) throw error;
  });
}

async function runMissing(rules: readonly SyncRule[], options: ClockOptions): Promise<void> {
  for (const rule of rules) {
    if (options.stopping.aborted) return;
    const again = await run(rule, { by: "start", missing: true }, options);
    if (again !== undefined) untilStopped(goOnMissing(rule, again, options), options);
  }
}

async function goOnMissing(rule: SyncRule, from: number, options: ClockOptions): Promise<void> {
  for (let again: number | undefined = from; again !== undefined;) {
    await sleepUntil(again, options.runtime, options.stopping);
    again = await run(rule, { by: "start", missing: true }, options);
  }
}

async function keepTime(
  rule: SyncRule,
  schedule: Schedule,
  options: ClockOptions,
): Promise<void> {
  const { runtime, stopping } = options;
  let again: number | undefined;
  for (;;) {
    const now = runtime.now();
    const at = again === undefined ? nextRun(schedule, now) : nextTry(schedule, now, again);
    if (at === undefined) return;
    await sleepUntil(at, runtime, stopping);
    again = await run(rule, { by: "schedule", at }, options);
  }
}

/** Gives when to try again, where the run was put off. */
async function run(
  rule: SyncRule,
  { at, ...occasion }: Pick<RuleOccasion, "by" | "missing"> & { readonly at?: number },
  { runRule, runtime, track }: ClockOptions,
): Promise<number | undefined> {
  const running = runRule(rule, { ...occasion, at: at ?? runtime.now() });
  track(running);
  return putOffUntil(await running);
}
