import { statusOfRule } from "../sync/rule_status.ts";
import type { DurableRules } from "./durable_rules.ts";
import { withFields } from "../log.ts";
import { runLogged } from "./rule_runner.ts";
import type { RuleHost } from "./rule_runner.ts";
import type { ServerRules } from "./rules.ts";

export interface ServerRulesOptions extends RuleHost {
  /** Where there is one, whole rules can be started and go on by themselves. */
  readonly durableRules?: DurableRules | undefined;
}

/** The rules of a server's configuration, for callers of its API: a caller waits for every copy unless a rule is started. */
export function createServerRules({ durableRules, ...host }: ServerRulesOptions): ServerRules {
  const { config, openEngine, now } = host;
  return {
    rules: config.sync.rules,
    run: (rule, { log = host.log, ...options }) =>
      runLogged(rule, options, {
        ...host,
        log: withFields(log, { rule: rule.name, by: "call" }),
      }),
    status: (rule, options) => statusOfRule(rule, { engine: openEngine(), now, ...options }),
    ...(durableRules
      ? {
        start: async (rule) => ({
          rule: rule.name,
          id: (await durableRules.start({ rule, at: now() })).id,
        }),
      }
      : {}),
  };
}
