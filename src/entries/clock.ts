/** Runs rules by the clock, on hosts that run until they are told to stop. */
import { nextRun } from "../sync/next_run.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { Schedule } from "../sync/schedule.ts";
import type { RuleRunner } from "../server/rule_runner.ts";
import type { Runtime } from "../runtime.ts";

export interface ClockOptions {
  readonly runRule: RuleRunner;
  readonly runtime: Pick<Runtime, "now" | "sleep">;
  /** Aborted when no rule is to be begun any more. */
  readonly stopping: AbortSignal;
  /** Waits for a run before the process ends. */
  readonly track: (job: Promise<unknown>) => void;
}

/** The clock is looked at again after that: it may have been set, and timers count no more than 24 days. */
const MAX_SLEEP_MS = 60_000;

/**
 * Starts the clock: each rule that has a schedule waits for its times by itself. What comes due while a rule runs is past
 * when it has ended. At the start such rules are run once for what their targets lack, one after the other, as regsync does.
 */
export function startClock(rules: readonly SyncRule[], options: ClockOptions): void {
  const { stopping } = options;
  const scheduled = rules.flatMap((rule) =>
    rule.schedule ? [{ rule, schedule: rule.schedule }] : []
  );
  void runMissing(scheduled.map(({ rule }) => rule), options);
  for (const { rule, schedule } of scheduled) {
    keepTime(rule, schedule, options).catch((error) => {
      if (!stopping.aborted) throw error;
    });
  }
}

async function runMissing(
  scheduled: readonly SyncRule[],
  { runRule, runtime, stopping, track }: ClockOptions,
): Promise<void> {
  for (const rule of scheduled) {
    if (stopping.aborted) return;
    const run = runRule(rule, { by: "start", at: runtime.now(), missing: true });
    track(run);
    await run;
  }
}

async function keepTime(
  rule: SyncRule,
  schedule: Schedule,
  { runRule, runtime, stopping, track }: ClockOptions,
): Promise<void> {
  for (;;) {
    const at = nextRun(schedule, runtime.now());
    if (at === undefined) return;
    for (let left = at - runtime.now(); left > 0; left = at - runtime.now()) {
      await runtime.sleep(Math.min(left, MAX_SLEEP_MS), stopping);
    }
    const run = runRule(rule, { by: "schedule", at });
    track(run);
    await run;
  }
}
