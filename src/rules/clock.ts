/** Runs rules by their schedules, in a process that runs until it is stopped. */
import { nextRun } from "../sync/next_run.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { Schedule } from "../sync/schedule.ts";
import { sleepUntil } from "../sync/sleep_until.ts";
import type { Runtime } from "../runtime.ts";
import type { RuleOccasion } from "./dispatch.ts";

export interface ClockOptions {
  readonly run: (rule: SyncRule, occasion: RuleOccasion) => Promise<unknown>;
  readonly runtime: Pick<Runtime, "now" | "sleep">;
  /** Aborted when no further rule may start. */
  readonly stopping: AbortSignal;
  /** Receives the next time of a rule, in milliseconds since the epoch; `undefined` if there is none. */
  readonly onNext?: ((rule: SyncRule, at: number | undefined) => void) | undefined;
}

/**
 * Runs each scheduled rule at its times, until no rule has a next time. Times that pass while a rule runs are skipped. A rule waits
 * for a rate limit until its next time at the latest.
 *
 * @throws the reason of `stopping`
 */
export async function runClock(
  rules: readonly SyncRule[],
  options: ClockOptions,
): Promise<void> {
  await Promise.all(rules.map(async (rule) => {
    if (rule.schedule) await keepSchedule(rule, rule.schedule, options);
  }));
}

async function keepSchedule(
  rule: SyncRule,
  schedule: Schedule,
  { run, runtime, stopping, onNext }: ClockOptions,
): Promise<void> {
  for (;;) {
    const at = nextRun(schedule, runtime.now());
    onNext?.(rule, at);
    if (at === undefined) return;
    await sleepUntil(at, runtime, stopping);
    const waitUntil = waitBefore(nextRun(schedule, at), { runtime, stopping });
    await run(rule, { by: "schedule", at, waitUntil });
  }
}

/**
 * Copies the tags that the targets of scheduled rules lack, one rule after the other, as regsync does at its start.
 *
 * @throws the reason of `stopping`
 */
export async function runAtStart(
  rules: readonly SyncRule[],
  { run, runtime, stopping }: Omit<ClockOptions, "onNext">,
): Promise<void> {
  const runs: Promise<unknown>[] = [];
  for (const rule of rules) {
    if (!rule.schedule) continue;
    stopping.throwIfAborted();
    const at = runtime.now();
    const wait = waitBefore(nextRun(rule.schedule, at), { runtime, stopping });
    const waits = Promise.withResolvers<void>();
    const waitUntil = (time: number): Promise<boolean> => {
      waits.resolve();
      return wait(time);
    };
    const running = run(rule, { by: "start", at, missing: true, waitUntil });
    runs.push(running);
    // A rule that waits for a rate limit does not delay the others.
    await Promise.race([running, waits.promise]);
  }
  await Promise.all(runs);
}

/** Waits for rate limits that end before a time. Stops waiting when the host is stopped. */
function waitBefore(
  end: number | undefined,
  { runtime, stopping }: Pick<ClockOptions, "runtime" | "stopping">,
): NonNullable<RuleOccasion["waitUntil"]> {
  return async (time) => {
    if (end !== undefined && time >= end) return false;
    try {
      await sleepUntil(time, runtime, stopping);
      return true;
    } catch {
      return false;
    }
  };
}
