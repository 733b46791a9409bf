/** The port to the rules that a server has: whoever composes it makes one of its configuration. */
import type { RuleRunner, RuleRunOptions } from "../sync/run_rules.ts";
import type { RuleReport } from "../sync/rule_report.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { Log } from "../log.ts";

/** A run that goes on without its caller. */
export interface StartedRule {
  /** The rule's name. */
  readonly rule: string;
  /** Of the run, for the log and whoever runs it. */
  readonly id: string;
}

export interface ServerRules extends RuleRunner {
  readonly rules: readonly SyncRule[];
  /** @param options.log of the call that has it run. Default: the server's */
  run(rule: SyncRule, options: RuleRunOptions & { readonly log?: Log }): Promise<RuleReport>;
  /** Has a rule run by itself, where the host can do that. */
  readonly start?: (rule: SyncRule) => Promise<StartedRule>;
}
