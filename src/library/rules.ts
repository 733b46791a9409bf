/**
 * Rules of a `crossdock.yaml`, for programs that have a scheduler of their own. For Deno, Node, Bun and Cloudflare Workers.
 *
 * ```ts
 * import { loadRules } from "crossdock/sync";
 *
 * const mirror = await loadRules({
 *   version: 1,
 *   sync: [{
 *     source: "docker.io/library/alpine",
 *     target: "registry.example.com/mirror/alpine",
 *     type: "repository",
 *     tags: { semverRange: [">=3.19 <4"], latest: 4 },
 *   }],
 * });
 * const { result, rules } = await mirror.run();
 * console.log(result, rules[0]?.tags.length);
 * ```
 *
 * @module
 */
import type { AdmissionCheck } from "../copy/admission.ts";
import { ParseError } from "../errors.ts";
import { firstOf } from "../auth/credentials.ts";
import type { CredentialSources } from "../auth/credentials.ts";
import type { SyncMistake } from "../config/mistakes.ts";
import { registryConnections, registryCredentials } from "../config/registries.ts";
import { parseSyncConfig } from "../config/sync_config.ts";
import type { SyncConfig } from "../config/sync_config.ts";
import type { EngineOptions } from "../copier.ts";
import type { HostDefaults } from "../hosts/host_defaults.ts";
import { isLocal, parseReference } from "../oci/reference.ts";
import { chooseRules } from "../sync/choose_rules.ts";
import { createLocalRunner } from "../sync/local_rules.ts";
import type { EmitSync, SyncReport, SyncStatus } from "../sync/model.ts";
import { nextRun } from "../sync/next_run.ts";
import { createPacer } from "../sync/pacer.ts";
import type { SyncRule } from "../sync/rule.ts";
import { runRules, statusOfRules } from "../sync/run_rules.ts";
import type { RuleRunner } from "../sync/run_rules.ts";
import { Slots } from "../copy/slots.ts";
import { openReceipts } from "../receipts/receipts.ts";
import { createSyncEngine } from "../sync/sync_engine.ts";
import type { StateStore } from "../state_store.ts";
import { getDefaults } from "./default_engine.ts";

export { SyncConfigError } from "../config/mistakes.ts";
export type {
  PruneReport,
  RuleReport,
  RuleStatus,
  SyncEvent,
  SyncFailure,
  TagReport,
  TagStatus,
} from "../sync/model.ts";
export type { NameFilter, PruneOptions, RuleCopyOptions, TagSet } from "../sync/rule.ts";
export type { Schedule } from "../sync/schedule.ts";
export type { StateStore };
export type { EmitSync, SyncMistake, SyncReport, SyncRule, SyncStatus };

/** Settings of {@linkcode loadRules}. */
export interface RulesSettings
  extends Pick<EngineOptions, "concurrency" | "retries" | "timeoutMs"> {
  /** The name of the configuration in messages. Default: `crossdock.yaml`. */
  readonly from?: string;
  /** Variables for templates such as `{{env "HUB_TOKEN"}}`. Default: those of the process, and none on Workers. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /**
   * Credentials for registries that are not in `creds`. Default: those that `docker login` has stored, unless the configuration has
   * `skipDockerConfig`.
   */
  readonly credentials?: CredentialSources;
  /**
   * Remembers what was mirrored, so that an unchanged tag costs one request to the source. The name of a file, or a store. Default:
   * nothing is remembered.
   */
  readonly state?: StateStore | string;
}

/** Settings of a call for rules. */
export interface RulesCallSettings {
  /** Names of the rules. Default: all. */
  readonly rules?: readonly string[];
  /** Aborts the call, which then rejects with the reason of the signal. */
  readonly signal?: AbortSignal;
}

/** Settings of a run of rules. */
export interface RulesRunSettings extends RulesCallSettings {
  /** Writes nothing, and reports what would be copied and deleted. Default: false. */
  readonly dryRun?: boolean;
  /** Copies only tags that are missing at a target. Default: false. */
  readonly missing?: boolean;
  /** Receives the events of the run. Must not throw. */
  readonly emit?: EmitSync;
}

/** The rules of a configuration. */
export interface LoadedRules {
  /** The rules in the order of the configuration. */
  readonly rules: readonly SyncRule[];
  /** Keys that are ignored, and other likely mistakes. */
  readonly warnings: readonly SyncMistake[];
  /**
   * Runs rules one after the other. A failed tag does not stop the others: the report has its error.
   *
   * @throws ParseError for an unknown name of a rule; the reason of the signal
   */
  run(settings?: RulesRunSettings): Promise<SyncReport>;
  /**
   * Compares each tag with its targets. Writes nothing.
   *
   * @throws ParseError for an unknown name of a rule; the reason of the signal
   */
  status(settings?: RulesCallSettings): Promise<SyncStatus>;
  /**
   * Returns the next time of the schedule of a rule, or `undefined` if it has none.
   *
   * @param after the result is later. Default: now
   * @throws ParseError for an unknown name
   */
  nextRun(rule: string, after?: Date): Date | undefined;
}

/**
 * Loads the rules of a configuration. Sends no request.
 *
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { loadRules } from "crossdock/sync";
 *
 * const mirror = await loadRules(await readFile("crossdock.yaml", "utf8"));
 * for (const { name } of mirror.rules) console.log(name, mirror.nextRun(name));
 * ```
 *
 * @param config the text of a `crossdock.yaml`, or the same as an object
 * @throws {SyncConfigError} with every mistake of the configuration. For an object, lines refer to it as JSON
 */
export async function loadRules(
  config: string | Readonly<Record<string, unknown>>,
  settings: RulesSettings = {},
): Promise<LoadedRules> {
  const { from = "crossdock.yaml", state: store } = settings;
  const host = await getDefaults();
  const { runtime, readFile, openLayouts } = host;
  const { env = host.env } = settings;
  const text = typeof config === "string" ? config : JSON.stringify(config, null, 2);
  const parsed = parseSyncConfig(text, {
    from,
    env,
    now: runtime.now(),
    readFile,
    allowsLocal: openLayouts !== undefined,
    allowsHelpers: host.runHelper !== undefined,
    readAdmission: host.admission?.read,
  });
  const { rules, parallel } = parsed.config;
  const options = await toEngineOptions(parsed.config, settings, host);
  const now = (): number => runtime.now();
  const state = typeof store === "string" ? await openState(store, host) : store;
  const runner = { rules, now, slots: new Slots(parallel), env, readFile, state };

  /** Opens an engine for one call, so that files are closed after it. */
  async function withRunner<Result>(
    chosen: readonly SyncRule[],
    call: (runner: RuleRunner) => Promise<Result>,
  ): Promise<Result> {
    const names = chosen.flatMap(({ source, targets }) => [source, ...targets]);
    const needsLayouts = names.some(isLocalName);
    const layouts = needsLayouts ? await openLayouts?.() : undefined;
    try {
      const engine = createSyncEngine({ ...options, ...(layouts ? { layouts } : {}) });
      return await call(createLocalRunner({ ...runner, engine }));
    } finally {
      await layouts?.close();
    }
  }

  return {
    rules,
    warnings: parsed.warnings,
    async run({ rules: names, ...run } = {}): Promise<SyncReport> {
      const chosen = chooseRules(rules, names);
      return await withRunner(chosen, (runner) => runRules(chosen, runner, { ...run, now }));
    },
    async status({ rules: names, ...call } = {}): Promise<SyncStatus> {
      const chosen = chooseRules(rules, names);
      return await withRunner(chosen, (runner) => statusOfRules(chosen, runner, call));
    },
    nextRun(name, after = new Date(now())): Date | undefined {
      const [rule] = chooseRules(rules, [name]);
      const at = rule?.schedule && nextRun(rule.schedule, after.getTime());
      return at === undefined ? undefined : new Date(at);
    },
  };
}

/** @throws ParseError for a host without files */
async function openState(name: string, { openState }: HostDefaults): Promise<StateStore> {
  if (openState) return await openState(name);
  throw new ParseError("state: this host has no files, expected a store");
}

/** Whether a rule's source or target is a folder or a file. A name without a slash is one of these, or a registry. */
function isLocalName(name: string): boolean {
  return isLocal(name.includes("/") ? parseReference(name) : { registry: name });
}

/** Both sides use the same options, because the target of one rule may be the source of another. */
async function toEngineOptions(
  { registries, dockerConfig, admission, receipt }: SyncConfig,
  { from = "crossdock.yaml", credentials, concurrency, retries, timeoutMs }: RulesSettings,
  host: HostDefaults,
): Promise<EngineOptions> {
  const others = credentials ?? (dockerConfig ? host.credentials : undefined);
  const side = {
    credentials: firstOf(
      registryCredentials(registries, from, {
        runHelper: host.runHelper,
        now: () => host.runtime.now(),
      }),
      ...(others ? [others] : []),
    ),
    ...registryConnections(registries),
  };
  return {
    runtime: host.runtime,
    source: side,
    destination: side,
    pace: createPacer(registries, host.runtime),
    ...(admission === undefined ? {} : { admission: openPolicy(admission, from, host) }),
    ...(receipt ? { receipts: openReceipts(receipt, await host.openAwsKey?.()) } : {}),
    memory: new Map(),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

/** @throws ParseError on a host that cannot verify signatures */
function openPolicy(
  policy: NonNullable<SyncConfig["admission"]>,
  from: string,
  { admission }: HostDefaults,
): AdmissionCheck {
  if (admission && policy !== "unread") return admission.open(policy);
  throw new ParseError(`${from}: admission: this host cannot verify signatures`);
}
