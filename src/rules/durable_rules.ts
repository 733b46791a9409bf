/** The port that runs whole rules durably: a Workflow on Workers, absent on other hosts. */
import type { SyncRule } from "../sync/rule.ts";
import type { RunScope } from "../sync/run_rule.ts";

/** A run of a whole rule, or of one of its repositories. */
export interface RuleRun {
  readonly rule: SyncRule;
  /** The time of the tick or the event, in milliseconds since the epoch. */
  readonly at: number;
  readonly only?: Omit<RunScope, "tag"> | undefined;
  /** Copies only tags that a target lacks. */
  readonly missing?: boolean | undefined;
  /** When to start, in milliseconds since the epoch. Default: now. */
  readonly after?: number | undefined;
  /** The name of the webhook that starts the run. */
  readonly hook?: string | undefined;
}

export interface DurableRules {
  /** Starts a run. A second start of the same run, and a whole rule that is running, start nothing. */
  start(run: RuleRun): Promise<RuleStart>;
}

export interface RuleStart {
  readonly id: string;
  /** `running`: an earlier run has not ended. `done`: a run that has ended started after the tick. */
  readonly state: "started" | "running" | "done";
}
