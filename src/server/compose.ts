/** Composes a server from its configuration, for all hosts. */
import type { CloudMemory } from "../auth/cloud_credentials.ts";
import type { CredentialSources } from "../auth/credentials.ts";
import type { CreateRepository } from "../registry/request.ts";
import { createSyncEngine } from "../sync/sync_engine.ts";
import type { SyncEngine } from "../sync/sync_engine.ts";
import type { Runtime } from "../runtime.ts";
import type { EngineMemory, SideOptions } from "../sides.ts";
import { createPacer } from "../sync/pacer.ts";
import { createRecorder } from "../history/recorder.ts";
import type { RunRecorder } from "../history/recorder.ts";
import { joinTraces } from "../trace.ts";
import type { Trace } from "../trace.ts";
import { createApi } from "./app.ts";
import type { App } from "./app.ts";
import type { AppOptions } from "./app_options.ts";
import { composeRulesOnUse } from "../rules/rules_on_use.ts";
import type { ComposedRules, RulesHost } from "../rules/compose_rules.ts";
import { listWarnings } from "../config/setup.ts";
import { registryConnections } from "../config/registries.ts";
import type { AdmissionCheck } from "../copy/admission.ts";
import { ParseError } from "../errors.ts";
import type { Environment, ServerConfig } from "../config/server_config.ts";
import { rejectUselessGlobs, ruleNames } from "./allow_list.ts";
import { openCredentials } from "./credentials.ts";
import { createCopyLimit } from "./copy_limit.ts";
import type { CopyLimitOptions } from "./copy_limit.ts";
import { createGuard } from "./guard.ts";
import { createLog } from "../log.ts";
import { openReceipts } from "../receipts/receipts.ts";
import type { Log } from "../log.ts";
import { ruleStepRoutes } from "./routes/rule_steps.ts";
import { traceSpans } from "./tracing.ts";

/** The dependencies that differ between hosts. */
export interface HostOptions extends
  Omit<
    AppOptions,
    | "config"
    | "openEngine"
    | "log"
    | "now"
    | "receiveHook"
    | "limitCopies"
    | "host"
    | "pullsLeft"
  >,
  Pick<RulesHost, "separateEngines" | "readFile" | "durableRules" | "stopping" | "state"> {
  readonly runtime: Runtime;
  /** Writes one line of the log. */
  readonly write: (line: string) => void;
  /** Resolves a host name to its addresses, on hosts that can. */
  readonly resolveHost?: (name: string) => Promise<readonly string[]>;
  /** Receives the engine's spans, in addition to OpenTelemetry. */
  readonly trace?: Trace;
  /** Variables for the template of `backup`. */
  readonly variables?: Environment;
  /** Credentials that come before those of the configuration. */
  readonly credentials?: CredentialSources;
  /** Creates a missing repository on push, in place of the configuration's. */
  readonly createRepository?: CreateRepository;
  /** Called with the number of waiting copies when it changes. */
  readonly onCopiesWaiting?: CopyLimitOptions["onWaiting"];
  /** Opens the check of the configuration's admission policy. Absent on hosts that cannot verify signatures. */
  readonly openAdmission?: ((config: ServerConfig) => AdmissionCheck) | undefined;
  /** Concurrent blobs per copy, unless the configuration has a number. */
  readonly concurrency?: number;
}

export interface ComposedServer extends Pick<ComposedRules, "dispatch" | "deliverNotice"> {
  readonly recorder: RunRecorder;
  readonly app: App;
  /**
   * The same server for callers that only the host admits. It needs no token, allows the names of the rules in addition to the
   * allow-lists, and has the route `/internal/rule-steps`.
   */
  readonly createOpenApp: () => App;
  readonly config: ServerConfig;
  readonly log: Log;
  readonly openEngine: () => SyncEngine;
  /** Loads the modules that run rules before they are used, so that no request waits for them. */
  readonly loadRules: () => Promise<unknown>;
}

/**
 * Creates a server. Sends no request and starts no timer.
 *
 * @throws ParseError for credentials that cannot be read, and for globs that match no name
 */
export function composeServer(config: ServerConfig, host: HostOptions): ComposedServer {
  const { runtime, write, resolveHost, trace, separateEngines = false, ...others } = host;
  const { readFile: _, durableRules: __, stopping: ___, state: ____, ...more } = others;
  const { variables = {}, credentials, createRepository, ...optional } = more;
  const { onCopiesWaiting, openAdmission, ...rest } = optional;
  const now = (): number => runtime.now();
  rejectUselessGlobs(config);
  const log = createLog(config.log, { write, now });
  const memory: EngineMemory = new Map();
  const cloudMemory: CloudMemory = new Map();
  const guard = createGuard({ allowPrivate: config.allowPrivate, resolveHost });
  const plain = new Set(config.plainHttp);
  const { tls, ...certificates } = registryConnections(config.sync.registries);
  const { concurrency = host.concurrency, retries, timeoutMs } = config;
  const hasPolicy = config.sync.admission !== undefined;
  const admission = hasPolicy ? openAdmission?.(config) : undefined;
  if (hasPolicy && !admission) {
    throw new ParseError(
      `${config.sync.from}: admission: this host cannot verify signatures`,
    );
  }

  const { receipt } = config.sync;
  const receipts = receipt && openReceipts(
    receipt,
    config.aws && {
      ...config.aws,
      fetch: (request) => runtime.fetch(request),
      now,
    },
  );

  function createServerEngine(): SyncEngine {
    const side: SideOptions = {
      ...openCredentials({ ...config, credentials }, runtime, cloudMemory),
      ...(createRepository ? { createRepository } : {}),
      tls: (registry) => tls(registry) ?? (plain.has(registry) ? "off" : undefined),
      ...certificates,
    };
    return createSyncEngine({
      runtime,
      source: side,
      destination: side,
      guard,
      pace: createPacer(config.sync.registries, runtime),
      memory,
      admission,
      receipts,
      trace: trace ? joinTraces(traceSpans, trace) : traceSpans,
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(retries === undefined ? {} : { retries }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  }

  // The first engine is created now, so that invalid credentials fail at the start.
  const first = createServerEngine();
  const openEngine = separateEngines ? createServerEngine : (): SyncEngine => first;
  const { history, background } = host;
  const recorder = createRecorder({ history, now, log, background });
  const onUse = composeRulesOnUse(host, { config, variables, openEngine, guard, log, recorder });
  const { rules, receiveHook, dispatch, deliverNotice, load } = onUse;
  const options: AppOptions = {
    config,
    log,
    now,
    openEngine,
    receiveHook,
    rules,
    host: { name: runtime.name, memory: separateEngines ? "isolate" : "process" },
    pullsLeft: (registry) => memory.get(`source ${registry}`)?.pulls,
    hasPolicy,
    // On Workers a request must not wait for another one, and the platform limits the memory of each isolate.
    ...(separateEngines ? {} : {
      limitCopies: createCopyLimit({
        maxCopies: config.maxCopies,
        sleep: (ms, signal) => runtime.sleep(ms, signal),
        onWaiting: onCopiesWaiting,
      }),
    }),
    ...rest,
  };
  const names = ruleNames(config.sync.rules);
  const open: AppOptions = {
    ...options,
    // The plan of a durable copy was checked, and its receipts are true.
    hasPolicy: false,
    signsSteps: true,
    config: {
      ...config,
      open: true,
      allowSources: [...config.allowSources, ...names.sources],
      allowDestinations: [...config.allowDestinations, ...names.destinations],
    },
  };
  const createOpenApp = (): App => {
    const app = createApi(open);
    app.route("/", ruleStepRoutes(onUse));
    return app;
  };
  const app = createApi(options);
  return {
    app,
    createOpenApp,
    config,
    log,
    openEngine,
    dispatch,
    deliverNotice,
    recorder,
    loadRules: load,
  };
}

/** Logs a warning for each setting that probably permits more, or less, than intended. */
export function warnAtStart(config: ServerConfig, log: Log): void {
  for (const warning of [...config.sync.warnings, ...listWarnings(config)]) log("warn", warning);
}
