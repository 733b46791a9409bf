/** The port to the server's rules. `composeRules()` creates it from the configuration. */
import type { RuleRunner, RuleRunOptions } from "../sync/run_rules.ts";
import type { RuleReport } from "../sync/model.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { Log } from "../log.ts";
import type { RunCause } from "../history/model.ts";

/** A caller of the API. */
export type Caller = Pick<RunCause, "token" | "requestId">;

/** A run of a rule that continues without its caller. */
export interface StartedRule {
  /** The name of the rule. */
  readonly rule: string;
  /** Id of the run, as in the log. */
  readonly id: string;
}

/** Runs that continue without their caller. */
export interface StartedSync {
  /** One for each rule. */
  readonly rules: readonly StartedRule[];
}

export interface ServerRules extends RuleRunner {
  readonly rules: readonly SyncRule[];
  /**
   * @param options.log the log of the caller's request. Default: the server's
   * @param options.caller the caller, for the history. Default: unknown
   */
  run(
    rule: SyncRule,
    options: RuleRunOptions & { readonly log?: Log; readonly caller?: Caller },
  ): Promise<RuleReport>;
  /** Starts a run that continues without the caller. Absent on hosts that cannot do this. */
  readonly start?: (rule: SyncRule) => Promise<StartedRule>;
}
