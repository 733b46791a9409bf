/** What a server has because of its rules: whatever runs them, takes events for them, and tells of them. */
import type { LocalEngine } from "../engine.ts";
import { Slots } from "../sync/slots.ts";
import type { OutgoingWebhook } from "../sync/webhook_settings.ts";
import type { CloudEvent } from "../webhooks/notice.ts";
import { deliver } from "../webhooks/send.ts";
import type { HostOptions } from "./compose.ts";
import type { Environment, ServerConfig } from "./config.ts";
import type { ServerGuard } from "./guard.ts";
import type { Log } from "./log.ts";
import { createNotifier } from "./notifier.ts";
import { createHookReceiver } from "./receive_hook.ts";
import type { HookReceiver } from "./receive_hook.ts";
import { createRuleRunner } from "./rule_runner.ts";
import type { RuleHost, RuleRunner } from "./rule_runner.ts";
import type { ServerRules } from "./rules.ts";
import { createServerRules } from "./server_rules.ts";

export interface ComposeRulesOptions {
  readonly config: ServerConfig;
  readonly variables: Environment;
  readonly openEngine: () => LocalEngine;
  readonly guard: ServerGuard;
  readonly log: Log;
}

export interface ComposedRules {
  /** What every run of a rule needs. */
  readonly ruleHost: RuleHost;
  /** Runs a rule by itself: by the clock, or because of an event. */
  readonly runRule: RuleRunner;
  /** For callers of the API. */
  readonly rules: ServerRules;
  readonly receiveHook: HookReceiver;
  /** Makes one attempt to tell of a copy, as `deliver` does. */
  readonly deliverNotice: (event: CloudEvent, target: OutgoingWebhook) => Promise<void>;
}

export function composeRules(host: HostOptions, options: ComposeRulesOptions): ComposedRules {
  const { config, variables, openEngine, guard, log } = options;
  const { runtime, durable, durableRules, stopSignal: signal, stopping, onEvent } = host;
  const { background = (job): void => void job } = host;
  const now = (): number => runtime.now();
  const sending = { runtime, guard, log, background, signal, stopping };
  const ruleHost: RuleHost = {
    config,
    openEngine,
    log,
    now,
    notify: createNotifier({ targets: config.sync.webhooks.outgoing, ...sending }),
    // On Workers no request may wait for what another one began.
    slots: host.separateEngines ? undefined : new Slots(config.sync.parallel),
    env: textOf(variables),
    readFile: host.readFile,
    onEvent,
  };
  const runRule = createRuleRunner({
    ...ruleHost,
    durable,
    durableRules,
    isExclusive: !host.separateEngines,
    signal,
  });
  return {
    ruleHost,
    runRule,
    rules: createServerRules({ ...ruleHost, durableRules }),
    receiveHook: createHookReceiver({
      config,
      runtime,
      runRule,
      background,
      stopping,
      canWait: !host.separateEngines,
    }),
    deliverNotice: async (event, { url, secrets }) =>
      await deliver(event, { url: new URL(url), secrets }, { runtime, guard, signal }),
  };
}

function textOf(variables: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    ),
  );
}
