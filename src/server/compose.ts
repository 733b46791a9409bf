/** From the environment to a server: what every host does in the same way. */
import { createEngine } from "../engine.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import type { Runtime } from "../runtime.ts";
import type { EngineMemory } from "../sides.ts";
import type { Trace } from "../trace.ts";
import { createApp } from "./app.ts";
import type { App } from "./app.ts";
import type { AppOptions } from "./app_options.ts";
import { parseConfig } from "./config.ts";
import type { Environment, ServerConfig } from "./config.ts";
import { openCredentials } from "./credentials.ts";
import { createGuard } from "./guard.ts";
import { createLog } from "./log.ts";
import type { Log } from "./log.ts";

/** What differs between hosts. */
export interface HostOptions extends Omit<AppOptions, "config" | "openEngine" | "log" | "now"> {
  readonly runtime: Runtime;
  /** Takes one line of the log. */
  readonly write: (line: string) => void;
  /** The addresses of a name, where the host can tell. */
  readonly resolveHost?: (name: string) => Promise<readonly string[]>;
  readonly trace?: Trace;
  /** Whether no two requests may share an engine, as on Workers. Then they share what it learnt. */
  readonly separateEngines?: boolean;
  /** Blobs at once where the configuration does not say. */
  readonly concurrency?: number;
}

export interface ComposedServer {
  readonly app: App;
  /** The same without asking for a token, for callers that only the host can let in. */
  readonly createOpenApp: () => App;
  readonly config: ServerConfig;
  readonly log: Log;
  readonly openEngine: () => Engine;
}

/**
 * Makes a server from the environment.
 *
 * @throws ParseError naming every variable that is wrong
 */
export function composeServer(variables: Environment, host: HostOptions): ComposedServer {
  const { runtime, write, resolveHost, trace, separateEngines = false, ...rest } = host;
  const now = (): number => runtime.now();
  const config = parseConfig(variables);
  const log = createLog(config.log, { write, now });
  const { credentials } = openCredentials(config, runtime);
  const memory: EngineMemory = new Map();
  const plain = new Set(config.plainHttp);
  const side = {
    credentials,
    tls: (registry: string) => plain.has(registry) ? "off" as const : undefined,
  };
  const { concurrency = host.concurrency, retries, timeoutMs } = config;
  const options: EngineOptions = {
    runtime,
    source: side,
    destination: side,
    guard: createGuard({ allowPrivate: config.allowPrivate, resolveHost }),
    memory,
    ...(trace ? { trace } : {}),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(retries === undefined ? {} : { retries }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  const shared = separateEngines ? undefined : createEngine(options);
  const openEngine = (): Engine => shared ?? createEngine(options);
  const appOptions: AppOptions = { config, log, now, openEngine, ...rest };
  const app = createApp(appOptions);
  const createOpenApp = (): App => createApp({ ...appOptions, config: { ...config, open: true } });
  return { app, createOpenApp, config, log, openEngine };
}
