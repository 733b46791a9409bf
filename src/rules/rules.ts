/** The port to the server's rules. `composeRules()` creates it from the configuration. */
import type { RuleRunner, RuleRunOptions } from "../sync/run_rules.ts";
import type { RuleReport } from "../sync/model.ts";
import * as z from "zod";
import { immutable } from "../schema.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { Log } from "../log.ts";

const startedRuleSchema = immutable(z.object({
  rule: z.string(),
  id: z.string().meta({ description: "id of the run, as in the log" }),
}));

/** A run of a rule that continues without its caller. */
export type StartedRule = z.output<typeof startedRuleSchema>;

export const startedSyncSchema = immutable(
  z.object({ rules: z.array(startedRuleSchema) })
    .meta({ id: "StartedSync", description: "Runs that continue without their caller" }),
);

/** Runs that continue without their caller. */
export type StartedSync = z.output<typeof startedSyncSchema>;

export interface ServerRules extends RuleRunner {
  readonly rules: readonly SyncRule[];
  /** @param options.log the log of the caller's request. Default: the server's */
  run(rule: SyncRule, options: RuleRunOptions & { readonly log?: Log }): Promise<RuleReport>;
  /** Starts a run that continues without the caller. Absent on hosts that cannot do this. */
  readonly start?: (rule: SyncRule) => Promise<StartedRule>;
}
