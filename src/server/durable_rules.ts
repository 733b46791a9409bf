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
  /** Starts a run and gives its id. Started twice, it is one run. */
  start(run: RuleRun): Promise<string>;
}

/** Names a run by the rule as it stands, what of it, and when: 64 hexadecimal digits. */
export async function ruleRunId({ rule, at, only }: RuleRun): Promise<string> {
  const text = JSON.stringify([rule, at, only?.repository ?? null]);
  const digest = await digestBytes(new TextEncoder().encode(text), "sha256");
  return digest.slice("sha256:".length);
}
