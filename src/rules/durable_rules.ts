/** The port to whatever runs whole rules durably: on Workers a Workflow, nothing elsewhere. */
import { digestBytes } from "../oci/digest.ts";
import type { SyncRule } from "../sync/rule.ts";

/** A whole rule, or what it means of one repository. */
export interface RuleRun {
  readonly rule: SyncRule;
  /** Milliseconds since the epoch: the tick, or when the event came. */
  readonly at: number;
  readonly only?: { readonly repository: string } | undefined;
  /** When it is to begin, in milliseconds since the epoch. Default: now. */
  readonly after?: number | undefined;
}

export interface DurableRules {
  /** Starts a run, unless the whole rule is wanted and runs. Started twice, it is one run. */
  start(run: RuleRun): Promise<RuleStart>;
}

export interface RuleStart {
  readonly id: string;
  /** `running`: a run from before has not ended. `done`: one that has ended began after the tick. */
  readonly state: "started" | "running" | "done";
}

/**
 * Names a run of a whole rule by the rule as it stands, whenever it is; and one of a repository by that and when it is, too:
 * 64 hexadecimal digits.
 */
export async function ruleRunId({ rule, at, only }: RuleRun): Promise<string> {
  const text = JSON.stringify(only ? [rule, at, only.repository] : [rule]);
  const digest = await digestBytes(new TextEncoder().encode(text), "sha256");
  return digest.slice("sha256:".length);
}
