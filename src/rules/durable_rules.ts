/** The port that runs whole rules durably: a Workflow on Workers, absent on other hosts. */
import { digestBytes } from "../oci/digest.ts";
import type { SyncRule } from "../sync/rule.ts";

/** A run of a whole rule, or of one of its repositories. */
export interface RuleRun {
  readonly rule: SyncRule;
  /** The time of the tick or the event, in milliseconds since the epoch. */
  readonly at: number;
  readonly only?: { readonly repository: string } | undefined;
  /** When to start, in milliseconds since the epoch. Default: now. */
  readonly after?: number | undefined;
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

/**
 * Makes the id of a run, 64 hexadecimal digits. The id of a whole rule's run depends on the content of the rule only, and that of a
 * repository's run also on the repository and the time.
 */
export async function ruleRunId({ rule, at, only }: RuleRun): Promise<string> {
  const text = JSON.stringify(only ? [rule, at, only.repository] : [rule]);
  const digest = await digestBytes(new TextEncoder().encode(text), "sha256");
  return digest.slice("sha256:".length);
}
