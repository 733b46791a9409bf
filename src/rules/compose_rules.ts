import type { SyncEngine } from "../sync/sync_engine.ts";
import { Slots } from "../copy/slots.ts";
import type { CloudEvent, OutgoingWebhook } from "../webhooks/outgoing/notice.ts";
import { deliver } from "../webhooks/outgoing/send.ts";
import type { Environment, ServerConfig } from "../config/server_config.ts";
import type { Log } from "../log.ts";
import type { NotifierOptions } from "../webhooks/outgoing/notifier.ts";
import type { Emit } from "../copy/model.ts";
import type { Runtime } from "../runtime.ts";
import type { DurableCopies } from "../durable/durable_copies.ts";
import type { DurableRules } from "./durable_rules.ts";
import { createNotifier } from "../webhooks/outgoing/notifier.ts";
import { withFields } from "../log.ts";
import type { StateStore } from "../state_store.ts";
import { formatReference } from "../oci/reference.ts";
import { findImage } from "../sync/find_image.ts";
import { statusOfRule } from "../sync/rule_status.ts";
import type { RuleReport, RuleStatus } from "../sync/model.ts";
import { createDispatcher } from "./dispatch.ts";
import type { RuleDispatcher } from "./dispatch.ts";
import { createHookReceiver } from "./receive_hook.ts";
import { performHostStep } from "./perform_host_step.ts";
import type { StepCall } from "./perform_host_step.ts";
import { runLogged } from "./run_logged.ts";
import type { RuleHost } from "./run_logged.ts";
import type { ServerRules, StartedRule } from "./rules.ts";
import type { RunHistory } from "../history/model.ts";
import type { RunRecorder } from "../history/recorder.ts";
import type { HookReceiver } from "./receive_hook.ts";
import type { RuleStepAnswer } from "./workflow_rule.ts";

/** The host's part of running rules. */
export interface RulesHost {
  readonly runtime: Runtime;
  /** Keeps the host alive until a job has ended. */
  readonly background?: ((job: Promise<unknown>) => void) | undefined;
  /** Aborted when the host must end now. */
  readonly stopSignal?: AbortSignal | undefined;
  /** Aborted when the host gets a signal to stop. */
  readonly stopping?: AbortSignal | undefined;
  /** Receives the retries and warnings of every copy. */
  readonly onEvent?: Emit | undefined;
  /** Whether no two requests may share an engine, as on Workers. */
  readonly separateEngines?: boolean | undefined;
  /** Reads a file for templates; absent on hosts without files. Returns `undefined` for a file that cannot be read. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
  /** Stores the remembered state of rules. Default: nothing is remembered. */
  readonly state?: StateStore | undefined;
  /** Absent on hosts without durable copies. */
  readonly durable?: DurableCopies | undefined;
  /** Keeps what ran. Default: nothing is kept. */
  readonly history?: RunHistory | undefined;
  /** Absent on hosts without durable rules. */
  readonly durableRules?: DurableRules | undefined;
}

export interface ComposeRulesOptions {
  readonly config: ServerConfig;
  readonly variables: Environment;
  readonly openEngine: () => SyncEngine;
  readonly guard: NotifierOptions["guard"];
  readonly log: Log;
  readonly recorder: RunRecorder;
}

export interface ComposedRules {
  /** Runs rules for a clock or an event. */
  readonly dispatch: RuleDispatcher;
  /** Runs rules for callers of the API. */
  readonly rules: ServerRules;
  readonly receiveHook: HookReceiver;
  /** Makes one attempt to send a notice. */
  readonly deliverNotice: (event: CloudEvent, target: OutgoingWebhook) => Promise<void>;
  /** Performs one step of a rule that runs as a Workflow. */
  readonly performStep: (body: unknown, call: StepCall) => Promise<RuleStepAnswer>;
}

/** Wires the rule runner, the webhook receiver and the notifier. */
export function composeRules(host: RulesHost, options: ComposeRulesOptions): ComposedRules {
  const { config, variables, openEngine, guard, log, recorder } = options;
  const { runtime, durable, durableRules, stopSignal: signal, stopping, onEvent } = host;
  const { background = (job): void => void job } = host;
  const now = (): number => runtime.now();
  const sending = { runtime, guard, log, background, signal, stopping };
  const ruleHost: RuleHost = {
    config,
    openEngine,
    log,
    now,
    recorder,
    notify: createNotifier({ targets: config.sync.webhooks.outgoing, ...sending }),
    // On Workers, a request must not wait for a promise of another request.
    slots: host.separateEngines ? undefined : new Slots(config.sync.parallel),
    env: textOf(variables),
    readFile: host.readFile,
    state: host.state,
    onEvent,
  };
  const isExclusive = !host.separateEngines;
  const dispatch = createDispatcher({ ...ruleHost, durable, durableRules, isExclusive, signal });
  return {
    dispatch,
    rules: createServerRules(ruleHost, durableRules),
    receiveHook: createHookReceiver({
      config,
      runtime,
      dispatch,
      findImage: (about, options) =>
        findImage(about.digest, openEngine().openSource(formatReference(about)), options),
      background,
      stopping,
      canWait: !host.separateEngines,
    }),
    deliverNotice: async (event, { url, secrets }) =>
      await deliver(event, { url: new URL(url), secrets }, { runtime, guard, signal }),
    performStep: (body, call) => performHostStep(body, { ...call, durable }, ruleHost),
  };
}

/** The configured rules for callers of the API. A caller waits for every copy, unless the rule is started as a Workflow. */
function createServerRules(host: RuleHost, durableRules: DurableRules | undefined): ServerRules {
  const { config, openEngine, now } = host;
  return {
    rules: config.sync.rules,
    run(rule, { log = host.log, caller, ...options }): Promise<RuleReport> {
      const by = "call";
      const ruleLog = withFields(log, { rule: rule.name, by });
      return runLogged(rule, { ...options, cause: { by, ...caller } }, { ...host, log: ruleLog });
    },
    status(rule, options): Promise<RuleStatus> {
      const { rules } = config.sync;
      return statusOfRule(rule, { engine: openEngine(), rules, now, ...options });
    },
    ...(durableRules
      ? {
        async start(rule): Promise<StartedRule> {
          const { id } = await durableRules.start({ rule, at: now() });
          return { rule: rule.name, id };
        },
      }
      : {}),
  };
}

function textOf(variables: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    ),
  );
}
