/** Opens a server as a part of another program: settings as values, no environment, no timer, no signal handler. */
import type { Hono } from "hono";
import { checkAccessTokens } from "../config/access_tokens.ts";
import { parseConfig, parseServerSync, withRuleDefaults } from "../config/server_config.ts";
import type { Environment, ParseConfigOptions, ServerConfig } from "../config/server_config.ts";
import { optionalKey } from "../config/optional_key.ts";
import type { RuleDispatcher } from "../rules/dispatch.ts";
import { runDueRules } from "../rules/dispatch.ts";
import type { Tick } from "../sync/next_run.ts";
import { composeServer } from "./compose.ts";
import type { HostOptions } from "./compose.ts";
import { createMountable } from "./mount.ts";

/** The configuration. Every key is optional. Without `tokens` or `open`, every call but the health checks is rejected. */
export interface ServerSettings extends Partial<ServerConfig> {
  /** The text of a `crossdock.yaml`, for rules, registries and webhooks, in place of `sync`. */
  readonly configText?: string | undefined;
  /** Variables for templates in `configText`. */
  readonly variables?: Environment | undefined;
}

/** What the program provides. Every key is optional. */
export interface EmbedOptions extends Partial<Omit<HostOptions, ComposedKeys>> {
  /**
   * The path that requests have before that of the API, if the outer app passes them on unchanged. hono's `route()` and `mount()`
   * need none.
   */
  readonly basePath?: string | undefined;
}

type ComposedKeys = "separateEngines" | "durableRules" | "rules" | "variables";

/** A server that is a part of another program. */
export interface EmbeddedServer {
  /** The HTTP API, a hono app. Mount it with `route()` or `mount()`, or pass requests to its `fetch`. */
  readonly app: Hono;
  /**
   * Runs the rules that are due, one after the other: those that have a time of their schedule after `before` and not after `at`,
   * in milliseconds since the epoch. Their results are logged and notified; failures do not reject. Default: the time since the
   * last call, or since the server was opened.
   */
  runDueRules(tick?: Tick): Promise<void>;
}

/** The host's part: defaults of {@linkcode EmbedOptions}, and whether its requests may share an engine. */
export type EmbeddingHost =
  & Pick<HostOptions, "runtime">
  & Partial<Pick<HostOptions, "resolveHost" | "separateEngines" | "concurrency" | "apiFiles">>;

/**
 * Reads settings from variables: those of the environment, or of another record. docs/deploy/self-hosting.md describes them.
 *
 * @throws ParseError naming every variable that is wrong, and no value
 */
export function fromEnv(variables: Environment, options: ParseConfigOptions = {}): ServerSettings {
  return { ...parseConfig(variables, options), variables };
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
  host: EmbeddingHost,
): EmbeddedServer {
  const { runtime = host.runtime } = options;
  const { variables = {}, ...config } = toConfig(settings, options, runtime.now());
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
  { readFile }: EmbedOptions,
  now: number,
): ServerConfig & Pick<ServerSettings, "variables"> {
  rejectWrongTypes(settings);
  const { configText, sync, ...config } = settings;
  const { tokens = [], variables = {}, verify } = config;
  checkAccessTokens(tokens);
  const defaults = parseConfig({}, { now });
  const parsed = configText === undefined
    ? sync ?? defaults.sync
    : parseServerSync(configText, { from: "configText", env: textOf(variables), now, readFile });
  return {
    ...defaults,
    ...withoutUndefined(config),
    sync: withRuleDefaults(parsed, optionalKey("verify", verify)),
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
  if (settings.configText !== undefined && settings.sync !== undefined) {
    throw new TypeError("configText: sync is set as well; expected only one of them");
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
function withoutUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as Value;
}
