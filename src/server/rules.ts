/** The port to the rules that a server has: whoever composes it makes one of its configuration. */
import type { RuleRunner } from "../sync/run_rules.ts";
import type { SyncRule } from "../sync/rule.ts";

/** A run that goes on without its caller. */
export interface StartedRule {
  /** The rule's name. */
  readonly rule: string;
  /** Of the run, for the log and whoever runs it. */
  readonly id: string;
}

export interface ServerRules extends RuleRunner {
  readonly rules: readonly SyncRule[];
  /** Has a rule run by itself, where the host can do that. One that runs already is not begun again. */
  readonly start?: (
    rule: SyncRule,
    options: { readonly missing?: boolean | undefined },
  ) => Promise<StartedRule>;
}
