/** The server's configuration: from the environment alone, checked as a whole before anything is served. */
import * as z from "zod";
import { ParseError } from "../errors.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { parseSyncConfig } from "./sync_config.ts";
import type { SyncConfig } from "./sync_config.ts";
import { formatMistake, SyncConfigError } from "./mistakes.ts";
import { parseAccessTokens } from "./access_tokens.ts";
import type { AccessToken } from "./access_tokens.ts";
import type { LogLevel } from "../log.ts";

/** Text by name: process variables, or the string bindings of a Worker. */
export type Environment = Readonly<Record<string, unknown>>;

export interface ServerConfig {
  /** Who may call. */
  readonly tokens: readonly AccessToken[];
  /** No token is asked for. */
  readonly open: boolean;
  /** The text of a docker `config.json`. */
  readonly registryAuth?: string;
  readonly aws?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
    /** Whether a repository that a push finds missing in ECR is created. */
    readonly createRepository: boolean;
  };
  /** The text of a Google service account's JSON key. */
  readonly googleServiceAccount?: string;
  readonly azure?: {
    readonly tenantId: string;
    readonly clientId: string;
    readonly clientSecret: string;
    readonly authorityHost?: string;
  };
  /** Globs over `registry/repository` that may be read. */
  readonly allowSources: readonly string[];
  /** Globs over `registry/repository` that may be written. */
  readonly allowDestinations: readonly string[];
  /** Hosts, with or without a port, that may be private, loopback or link-local. */
  readonly allowPrivate: readonly string[];
  /** Registries that are spoken to in plain HTTP, besides those on loopback. */
  readonly plainHttp: readonly string[];
  /** What a copy does that does not say how its blobs are verified. */
  readonly verify?: "auto" | "stream" | "destination";
  readonly log: LogLevel;
  readonly concurrency?: number;
  readonly retries?: number;
  readonly timeoutMs?: number;
  /** Steps of one durable copy at once. */
  readonly parallelSteps: number;
  /** Origins that a browser may call from. */
  readonly corsOrigins: readonly string[];
  /** Rules, and what they work with. */
  readonly sync: ServerSync;
  /** Where a long-running host listens: an address or a name, and a port, 0 for any. */
  readonly hostname: string;
  readonly port: number;
  /** How long running copies may go on after the host was told to stop, in milliseconds. */
  readonly graceMs: number;
}

/** The text of `crossdock.yaml`, read. Holds secrets: not for logs. */
export interface ServerSync extends SyncConfig {
  /** Where the text is from, for people: a variable, or a file. */
  readonly from: string;
  /** What of it may not be as it was meant, each with its place. */
  readonly warnings: readonly string[];
}

export interface ParseConfigOptions {
  /** What stands in the file that `CROSSDOCK_CONFIG_FILE` names, on hosts that have files. */
  readonly configFile?: string | undefined;
  /** The content of a file, for templates; `undefined` for one that cannot be read. Absent on hosts that have none. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
  /** Milliseconds since the epoch, for templates. Default: the host's clock. */
  readonly now?: number;
}

const list = z.string().transform((text) => text.split(/[\s,]+/).filter((item) => item !== ""));
const flag = z.enum(["true", "false"]).transform((text) => text === "true");
const whole = (least: number, most: number): z.ZodType<number, string> =>
  z.string().regex(/^\d{1,9}$/, "not a whole number").transform(Number).pipe(
    z.number().min(least).max(most),
  );

const environment = z.object({
  CROSSDOCK_TOKENS: z.string().transform(parseWith(parseAccessTokens)).default([]),
  CROSSDOCK_OPEN: flag.default(false),
  CROSSDOCK_REGISTRY_AUTH: z.string().optional(),
  CROSSDOCK_ALLOW_SOURCES: list.default([]),
  CROSSDOCK_ALLOW_DESTINATIONS: list.default([]),
  CROSSDOCK_ALLOW_PRIVATE: list.default([]),
  CROSSDOCK_PLAIN_HTTP: list.default([]),
  CROSSDOCK_VERIFY: z.enum(["auto", "stream", "destination"]).optional(),
  CROSSDOCK_LOG: z.enum(["debug", "info", "warn", "error", "off"]).default("info"),
  CROSSDOCK_CONCURRENCY: whole(1, 256).optional(),
  CROSSDOCK_RETRIES: whole(0, 20).optional(),
  CROSSDOCK_TIMEOUT_MS: whole(1000, 3_600_000).optional(),
  CROSSDOCK_PARALLEL_STEPS: whole(1, 100).default(4),
  CROSSDOCK_CORS_ORIGINS: list.default([]),
  CROSSDOCK_CONFIG: z.string().optional(),
  CROSSDOCK_CONFIG_FILE: z.string().optional(),
  HOST: z.string().regex(/^([A-Za-z0-9.-]+|[0-9A-Fa-f:.]+)$/, "not an address or a name")
    .default("0.0.0.0"),
  PORT: whole(0, 65_535).default(8080),
  CROSSDOCK_GRACE_MS: whole(0, 600_000).default(25_000),
  CROSSDOCK_ECR_CREATE_REPOSITORY: flag.default(false),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  GOOGLE_SERVICE_ACCOUNT: z.string().optional(),
  AZURE_TENANT_ID: z.string().optional(),
  AZURE_CLIENT_ID: z.string().optional(),
  AZURE_CLIENT_SECRET: z.string().optional(),
  AZURE_AUTHORITY_HOST: z.string().optional(),
});

const NO_RULES: SyncConfig = parseSyncConfig("", { from: "", env: {}, now: 0 }).config;

/** Variables of the command line program, which may stand in the same environment. */
const NOT_OURS = new Set(["CROSSDOCK_DEBUG", "CROSSDOCK_TOKEN", "CROSSDOCK_VIA"]);

/**
 * Reads the configuration. Empty variables count as not set.
 *
 * @throws ParseError naming every variable that is wrong, and no value
 */
export function parseConfig(
  variables: Environment,
  { now = Date.now(), ...files }: ParseConfigOptions = {},
): ServerConfig {
  const entries = Object.entries(variables);
  const given = Object.fromEntries(
    entries.filter(([, value]) => typeof value === "string" && value !== ""),
  );
  // On Workers a number or a table of wrangler.toml's [vars] comes as one.
  const notText = entries.filter(([name, value]) =>
    (name.startsWith("CROSSDOCK_") || name in environment.shape) &&
    value !== undefined && typeof value !== "string"
  );
  const unknown = Object.keys(given).filter((name) =>
    name.startsWith("CROSSDOCK_") && !(name in environment.shape) && !NOT_OURS.has(name)
  );
  const result = environment.safeParse(given);
  const mistakes = [
    ...unknown.map((name) => `${name}: there is no such variable`),
    ...notText.map(([name]) => `${name}: it is not text: put its value in quotes`),
    ...(result.error?.issues ?? []).map(({ path, message }) =>
      `${path[0]?.toString()}: ${message}`
    ),
    ...listIncomplete(given),
  ];
  const sync = readSync(given, { ...files, now }, mistakes);
  if (mistakes.length > 0 || !result.success) {
    throw new ParseError(`configuration is not valid: ${mistakes.join("; ")}`);
  }
  return toConfig(result.data, sync);
}

/** Reads the rules, and tells of every mistake in them. */
function readSync(
  variables: Environment,
  { configFile, readFile, now }: ParseConfigOptions & { now: number },
  mistakes: string[],
): ServerSync {
  const { CROSSDOCK_CONFIG: text, CROSSDOCK_CONFIG_FILE: file } = variables as Record<
    string,
    string | undefined
  >;
  const nothing: ServerSync = { ...NO_RULES, from: "CROSSDOCK_CONFIG", warnings: [] };
  if (file !== undefined && text !== undefined) {
    mistakes.push(
      "CROSSDOCK_CONFIG_FILE: CROSSDOCK_CONFIG is set, too, and only one of them is read",
    );
    return nothing;
  }
  if (file !== undefined && configFile === undefined) {
    mistakes.push(
      "CROSSDOCK_CONFIG_FILE: this host has no files; set CROSSDOCK_CONFIG to the text",
    );
    return nothing;
  }
  const from = file ?? "CROSSDOCK_CONFIG";
  try {
    const env = variables as Readonly<Record<string, string>>;
    const options = { from, env, now, readFile };
    const { config, warnings } = parseSyncConfig(configFile ?? text ?? "", options);
    return { ...config, from, warnings: warnings.map(formatMistake) };
  } catch (error) {
    if (!(error instanceof SyncConfigError)) throw error;
    mistakes.push(...error.mistakes.map(formatMistake));
    return nothing;
  }
}

function toConfig(env: z.output<typeof environment>, sync: ServerSync): ServerConfig {
  return {
    tokens: env.CROSSDOCK_TOKENS,
    open: env.CROSSDOCK_OPEN,
    ...given("registryAuth", env.CROSSDOCK_REGISTRY_AUTH),
    ...(env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY
      ? {
        aws: {
          accessKeyId: env.AWS_ACCESS_KEY_ID,
          secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
          ...given("sessionToken", env.AWS_SESSION_TOKEN),
          createRepository: env.CROSSDOCK_ECR_CREATE_REPOSITORY,
        },
      }
      : {}),
    ...given("googleServiceAccount", env.GOOGLE_SERVICE_ACCOUNT),
    ...(env.AZURE_TENANT_ID && env.AZURE_CLIENT_ID && env.AZURE_CLIENT_SECRET
      ? {
        azure: {
          tenantId: env.AZURE_TENANT_ID,
          clientId: env.AZURE_CLIENT_ID,
          clientSecret: env.AZURE_CLIENT_SECRET,
          ...given("authorityHost", env.AZURE_AUTHORITY_HOST),
        },
      }
      : {}),
    allowSources: env.CROSSDOCK_ALLOW_SOURCES,
    allowDestinations: env.CROSSDOCK_ALLOW_DESTINATIONS,
    allowPrivate: env.CROSSDOCK_ALLOW_PRIVATE,
    plainHttp: env.CROSSDOCK_PLAIN_HTTP,
    ...given("verify", env.CROSSDOCK_VERIFY),
    log: env.CROSSDOCK_LOG,
    ...given("concurrency", env.CROSSDOCK_CONCURRENCY),
    ...given("retries", env.CROSSDOCK_RETRIES),
    ...given("timeoutMs", env.CROSSDOCK_TIMEOUT_MS),
    parallelSteps: env.CROSSDOCK_PARALLEL_STEPS,
    corsOrigins: env.CROSSDOCK_CORS_ORIGINS,
    sync: {
      ...sync,
      rules: sync.rules.map((rule) => ({
        ...rule,
        copy: withDefaults({ verify: env.CROSSDOCK_VERIFY }, rule.copy),
      })),
    },
    hostname: env.HOST,
    port: env.PORT,
    graceMs: env.CROSSDOCK_GRACE_MS,
  };
}

/** Variables that count only together. */
const TOGETHER = [
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
  ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"],
];

function listIncomplete(variables: Environment): string[] {
  return TOGETHER.flatMap((names) => {
    const missing = names.filter((name) => variables[name] === undefined);
    if (missing.length === 0 || missing.length === names.length) return [];
    const found = names.filter((name) => !missing.includes(name));
    return missing.map((name) => `${name}: missing beside ${found.join(" and ")}`);
  });
}

function given<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { [Key in Name]?: Value } {
  return value === undefined ? {} : { [name]: value } as { [Key in Name]: Value };
}

/** A parser as a transform: what it throws is an issue of the variable's. */
function parseWith<Value>(
  parse: (text: string) => Value,
): (text: string, context: z.RefinementCtx) => Value {
  return (text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "" });
      return z.NEVER;
    }
  };
}

/** Fills in the configured `verify` where a copy, or the copies of a rule, leave it out. */
export function withDefaults<Options extends Pick<CopyRequestInput, "verify">>(
  { verify }: { readonly verify?: ServerConfig["verify"] | undefined },
  options: Options,
): Options {
  return { ...(verify ? { verify } : {}), ...options };
}
