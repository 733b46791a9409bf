/** Opens a server as a part of another program: settings as values, no environment, no timer, no signal handler. */
import type { Context, Hono } from "hono";
import { checkAccessTokens } from "../config/access_tokens.ts";
import { parseConfig, parseServerSync } from "../config/parse_config.ts";
import { withRuleDefaults } from "../config/server_config.ts";
import type {
  ApiConfig,
  Environment,
  ParseConfigOptions,
  ServerConfig,
} from "../config/server_config.ts";
import { optionalKey } from "../config/optional_key.ts";
import type { RuleDispatcher } from "../rules/dispatch.ts";
import { runDueRules } from "../rules/dispatch.ts";
import type { CredentialSources } from "../auth/credentials.ts";
import type { Emit } from "../copy/model.ts";
import type { DurableCopies } from "../durable/durable_copies.ts";
import type { CreateRepository } from "../registry/request.ts";
import type { Runtime } from "../runtime.ts";
import type { StateStore } from "../state_store.ts";
import type { Trace } from "../trace.ts";
import type { PageFiles } from "./app_options.ts";
import { composeServer } from "./compose.ts";
import type { HostOptions } from "./compose.ts";
import { createMountable } from "./mount.ts";

/** The configuration. Every key is optional. Without `tokens` or `open`, every call but the health checks is rejected. */
export interface ServerSettings extends Partial<ApiConfig> {
  /** The text of a `crossdock.yaml`, for rules, registries and webhooks. */
  readonly configText?: string | undefined;
  /** The name of `configText` in messages. Default: `configText` */
  readonly configName?: string | undefined;
  /** Variables for templates in `configText`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

/** What the program provides. Every key is optional. */
export interface EmbedOptions {
  /**
   * The path that requests have before that of the API, if the outer app passes them on unchanged. hono's `route()` and `mount()`
   * need none.
   */
  readonly basePath?: string | undefined;
  /** Credentials that come before those of the settings. */
  readonly credentials?: CredentialSources | undefined;
  /** Creates a missing repository on push, in place of the settings' `aws.createRepository`. */
  readonly createRepository?: CreateRepository | undefined;
  /** Writes one line of the log, JSON without a line break. Default: `console.log` */
  readonly write?: ((line: string) => void) | undefined;
  /** Keeps the host alive until a job has ended. Default: `waitUntil` on Workers. */
  readonly background?: ((job: Promise<unknown>) => void) | undefined;
  /** The caller's IP address, for `limitTries`. Default: the header of Cloudflare on Workers, otherwise unknown. */
  readonly addressOf?: ((context: Context) => string | undefined) | undefined;
  /** Counts an invalid token of this address. Resolves to whether the address has exceeded the limit. */
  readonly limitTries?: ((address: string) => Promise<boolean>) | undefined;
  /** Whether the program is shutting down and rejects new calls. */
  readonly isStopping?: (() => boolean) | undefined;
  /** Aborted when no further rule may start. */
  readonly stopping?: AbortSignal | undefined;
  /** Aborted when running work must end. */
  readonly stopSignal?: AbortSignal | undefined;
  /** Receives the retries and warnings of every copy. */
  readonly onEvent?: Emit | undefined;
  /** Called when a response begins. */
  readonly onAnswer?:
    | ((answer: { route: string; method: string; status: number; ms: number }) => void)
    | undefined;
  /** Metrics in the Prometheus text format, for `/metrics`. Default: the path does not exist. */
  readonly metrics?: (() => Promise<{ contentType: string; text: string }>) | undefined;
  /** Runs copies requested with `Prefer: respond-async`. Default: they run within the request. */
  readonly durable?: DurableCopies | undefined;
  /** Default: on Workers, `/openapi.json` and `/docs` do not exist. */
  readonly pageFiles?: PageFiles | undefined;
  /** Stores the remembered state of rules. Default: nothing is remembered. */
  readonly state?: StateStore | undefined;
  /** Reads a file for templates of `configText`. Returns `undefined` for a file that cannot be read. Default: no file can be read. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
  /** Receives the engine's spans, in addition to OpenTelemetry. */
  readonly trace?: Trace | undefined;
  /** Default: that of the host. */
  readonly runtime?: Runtime | undefined;
  /** Resolves a host name to its addresses. Default: the system's resolver, none on Workers. */
  readonly resolveHost?: ((name: string) => Promise<readonly string[]>) | undefined;
}

/** A server that is a part of another program. */
export interface EmbeddedServer {
  /** The HTTP API, a hono app. Mount it with `route()` or `mount()`, or pass requests to its `fetch`. */
  readonly app: Hono;
  /**
   * Runs the rules that are due, one after the other: those that have a time of their schedule after `before` and not after `at`,
   * in milliseconds since the epoch. Their results are logged and notified; failures do not reject. Default: the time since the
   * last call, or since the server was opened.
   */
  runDueRules(tick?: { readonly at: number; readonly before: number }): Promise<void>;
}

/** The host's part: defaults of {@linkcode EmbedOptions}, and whether its requests may share an engine. */
export type EmbeddingHost =
  & Pick<HostOptions, "runtime">
  & Pick<ParseConfigOptions, "readAdmission">
  & Partial<
    Pick<
      HostOptions,
      | "resolveHost"
      | "separateEngines"
      | "concurrency"
      | "pageFiles"
      | "history"
      | "openAdmission"
    >
  >;

/**
 * Reads settings from variables: those of the environment, or of another record. docs/deploy/settings.md describes them.
 *
 * @throws ParseError naming every variable that is wrong, and no value
 */
export function fromEnv(
  variables: Readonly<Record<string, unknown>>,
  options: FromEnvOptions = {},
): ServerSettings {
  const {
    sync,
    hostname: _,
    port: __,
    graceMs: ___,
    maxHeldBytes: ____,
    state: _____,
    historyFile: ______,
    ...config
  } = parseConfig(variables, options);
  const text = options.configFile ?? variables["CROSSDOCK_CONFIG"];
  return {
    ...config,
    ...(typeof text === "string" ? { configText: text, configName: sync.from } : {}),
    variables,
  };
}

/** Options of {@linkcode fromEnv}. */
export interface FromEnvOptions {
  /** The content of the file that `CROSSDOCK_CONFIG_FILE` names. */
  readonly configFile?: string | undefined;
  /**
   * Reads a file for templates. Returns `undefined` for a file that cannot be read. Default: no file can be read. Pass it to
   * `createApp()` as well, which renders the templates.
   */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
}

/**
 * Opens a server. Sends no request and starts no timer.
 *
 * @throws TypeError for a setting of the wrong type
 * @throws ParseError for a setting with a wrong value
 */
export function embedServer(
  settings: ServerSettings,
  { basePath, ...options }: EmbedOptions,
  { readAdmission, ...host }: EmbeddingHost,
): EmbeddedServer {
  const { runtime = host.runtime } = options;
  const { variables = {}, ...config } = toConfig(settings, {
    readFile: options.readFile,
    readAdmission,
    now: runtime.now(),
  });
  const { app, dispatch } = composeServer(config, {
    // deno-lint-ignore no-console
    write: (line) => console.log(line),
    variables,
    ...host,
    ...withoutUndefined(options),
  });
  return {
    app: createMountable(app, { basePath }),
    runDueRules: createDueRules(config, dispatch, { runtime }),
  };
}

function createDueRules(
  { sync: { rules } }: ServerConfig,
  dispatch: RuleDispatcher,
  { runtime }: Pick<EmbeddingHost, "runtime">,
): EmbeddedServer["runDueRules"] {
  let last = runtime.now();
  return async (tick) => {
    const { at, before } = tick ?? { at: runtime.now(), before: last };
    last = Math.max(last, at);
    await runDueRules(rules, dispatch, { at, before });
  };
}

function toConfig(
  settings: ServerSettings,
  { readFile, readAdmission, now }: ParseConfigOptions & { readonly now: number },
): ServerConfig & Pick<ServerSettings, "variables"> {
  rejectWrongTypes(settings);
  const { configText = "", configName = "configText", ...config } = settings;
  const { tokens = [], variables = {}, verify } = config;
  checkAccessTokens(tokens);
  const env = textOf(variables);
  const sync = parseServerSync(configText, {
    from: configName,
    env,
    now,
    readFile,
    readAdmission,
  });
  return {
    ...parseConfig({}, { now }),
    ...withoutUndefined(config),
    sync: withRuleDefaults(sync, optionalKey("verify", verify)),
  };
}

const LISTS = [
  "tokens",
  "allowSources",
  "allowDestinations",
  "allowPrivate",
  "plainHttp",
  "corsOrigins",
] as const satisfies readonly (keyof ServerConfig)[];

/** Callers without TypeScript could pass text for a list. Each of its characters would then be a pattern. */
function rejectWrongTypes(settings: ServerSettings): void {
  for (const name of LISTS) {
    const value: unknown = settings[name];
    if (value !== undefined && !Array.isArray(value)) {
      throw new TypeError(`${name}: expected a list, got ${typeof value}`);
    }
  }
}

function textOf(variables: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    ),
  );
}

/** Drops keys whose value is `undefined`, which would otherwise hide defaults. */
function withoutUndefined<Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as { [Key in keyof Value]: Exclude<Value[Key], undefined> };
}
