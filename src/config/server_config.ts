/**
 * Reads the server's configuration from the environment. The parser of the rules is an argument, so that a Worker without rules
 * need not load it.
 */
import * as z from "zod";
import { SERVER_HELD_BYTES } from "../byte_budget.ts";
import { ParseError } from "../errors.ts";
import { safeParse } from "../schema.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { parseRegistry } from "../oci/reference.ts";
import { suggest } from "../suggest.ts";
import type { ParseSyncConfigOptions, SyncConfig } from "./sync_config.ts";
import { formatMistake, SyncConfigError } from "./mistakes.ts";
import { optionalKey } from "./optional_key.ts";
import { parseAccessTokens } from "./access_tokens.ts";
import type { AccessToken } from "./access_tokens.ts";
import type { LogLevel } from "../log.ts";

/** Text by name: process variables, or the string bindings of a Worker. */
export type Environment = Readonly<Record<string, unknown>>;

/** The part of the configuration that does not depend on the process. */
export interface ApiConfig {
  /** The tokens of callers. */
  readonly tokens: readonly AccessToken[];
  /** Whether requests need no token. */
  readonly open: boolean;
  /** The text of a docker `config.json`. */
  readonly registryAuth?: string;
  /** Access keys of AWS, for Amazon ECR. */
  readonly aws?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
    /** Whether a push creates a missing repository in ECR. */
    readonly createRepository: boolean;
  };
  /** The text of a Google service account's JSON key. */
  readonly googleServiceAccount?: string;
  /** A service principal of Azure, for Azure Container Registry. */
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
  /** Registries with plain HTTP, besides those on loopback. */
  readonly plainHttp: readonly string[];
  /** The default of a copy's `verify`. */
  readonly verify?: "auto" | "stream" | "destination";
  /** The lowest level that is logged. Default `info` */
  readonly log: LogLevel;
  /** Copies of callers that a long-running host runs at once. Default 50. */
  readonly maxCopies: number;
  /** Concurrent blobs per copy, 1 to 256. */
  readonly concurrency?: number;
  /** Retries of a request, 0 to 20. */
  readonly retries?: number;
  /** Timeout for an unresponsive registry, in milliseconds. */
  readonly timeoutMs?: number;
  /** The trust root of the admission policy: the content or the name of a `trusted_root.json`. Default: Sigstore's. */
  readonly sigstoreRoot?: string;
  /** Steps of one durable copy at the same time. */
  readonly parallelSteps: number;
  /** Origins that a browser may call from. */
  readonly corsOrigins: readonly string[];
}

/** The configuration of a server, read from its environment. */
export interface ServerConfig extends ApiConfig {
  /** Bytes of manifests and lists that all operations of a long-running host hold. */
  readonly maxHeldBytes: number;
  /** The rules and their settings. */
  readonly sync: ServerSync;
  /** The address or name, and the port, that a long-running host listens on. Port 0 is any free port. */
  readonly hostname: string;
  readonly port: number;
  /** The name of the store of the remembered state. Default: nothing is remembered. */
  readonly state?: string;
  /** The file that keeps what ran, on long-running hosts. */
  readonly historyFile?: string;
  /** The time for running copies to finish after the host gets a signal to stop, in milliseconds. */
  readonly graceMs: number;
}

/** The content of `crossdock.yaml`. Holds secrets: do not log it. */
export interface ServerSync extends SyncConfig {
  /** The source of the text, for messages: a variable or a file. */
  readonly from: string;
  /** Warnings about the file, each with its place. */
  readonly warnings: readonly string[];
}

export interface ParseConfigOptions {
  /** The content of the file that `CROSSDOCK_CONFIG_FILE` names, on hosts with files. */
  readonly configFile?: string | undefined;
  /** Reads a file for templates; absent on hosts without files. Returns `undefined` for a file that cannot be read. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
  /** Milliseconds since the epoch, for templates. Default: the host's clock. */
  readonly now?: number;
  /** Reads the admission policy, on hosts that verify signatures. */
  readonly readAdmission?: ParseSyncConfigOptions["readAdmission"];
}

const list = z.string().transform(splitList);
const oneOf = <Word extends string>(...words: [Word, ...Word[]]): z.ZodType<Word, string> =>
  z.enum(words, `expected ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`);
const flag = oneOf("true", "false").transform((text) => text === "true");
const whole = (least: number, most: number): z.ZodType<number, string> =>
  z.string().transform((text) => /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN).refine(
    (number) => number >= least && number <= most,
    `expected a whole number from ${least} to ${most}, without a unit`,
  );
/** A key or an identifier of a cloud. A line end that a file adds would make every request fail. */
const credential = z.string().regex(
  /^(?!["'])[\x21-\x7e]+$/,
  "has quotes, a space, a line end or a character that is not ASCII",
).optional();

const environment = z.object({
  CROSSDOCK_TOKENS: z.string().transform(parseWith(parseAccessTokens)).default([]),
  CROSSDOCK_OPEN: flag.default(false),
  CROSSDOCK_REGISTRY_AUTH: z.string().refine(
    (text) => !/^\s*\{/.test(text) || /"(?:auths|credHelpers|credsStore)"\s*:/.test(text),
    'expected the content of a docker config.json, such as {"auths": {"ghcr.io": …}}',
  ).optional(),
  CROSSDOCK_ALLOW_SOURCES: list.default([]),
  CROSSDOCK_ALLOW_DESTINATIONS: list.default([]),
  CROSSDOCK_ALLOW_PRIVATE: list.default([]),
  CROSSDOCK_PLAIN_HTTP: z.string().transform(
    parseWith((text) => splitList(text).map(parseRegistry)),
  ).default([]),
  CROSSDOCK_VERIFY: oneOf("auto", "stream", "destination").optional(),
  CROSSDOCK_LOG: oneOf("debug", "info", "warn", "error", "off").default("info"),
  CROSSDOCK_MAX_COPIES: whole(1, 10_000).default(50),
  CROSSDOCK_MAX_HELD_BYTES: whole(SERVER_HELD_BYTES / 3, 999_999_999).default(SERVER_HELD_BYTES),
  CROSSDOCK_CONCURRENCY: whole(1, 256).optional(),
  CROSSDOCK_RETRIES: whole(0, 20).optional(),
  CROSSDOCK_TIMEOUT_MS: whole(1000, 3_600_000).optional(),
  CROSSDOCK_PARALLEL_STEPS: whole(1, 100).default(4),
  CROSSDOCK_CORS_ORIGINS: z.string().transform(
    parseWith((text) => splitList(text).map(parseOrigin)),
  ).default([]),
  CROSSDOCK_CONFIG: z.string().optional(),
  CROSSDOCK_CONFIG_FILE: z.string().optional(),
  CROSSDOCK_STATE: z.string().optional(),
  CROSSDOCK_HISTORY_FILE: z.string().optional(),
  CROSSDOCK_SIGSTORE_ROOT: z.string().optional(),
  HOST: z.string().regex(
    /^(?:[A-Za-z0-9][A-Za-z0-9.-]*|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$/,
    "expected an address or a name",
  ).default("127.0.0.1"),
  PORT: whole(0, 65_535).default(8080),
  CROSSDOCK_GRACE_MS: whole(0, 600_000).default(25_000),
  CROSSDOCK_ECR_CREATE_REPOSITORY: flag.default(false),
  AWS_ACCESS_KEY_ID: credential,
  AWS_SECRET_ACCESS_KEY: credential,
  AWS_SESSION_TOKEN: credential,
  GOOGLE_SERVICE_ACCOUNT: z.string().optional(),
  AZURE_TENANT_ID: credential,
  AZURE_CLIENT_ID: credential,
  AZURE_CLIENT_SECRET: credential,
  AZURE_AUTHORITY_HOST: z.string().regex(/^[^@\s]*$/, "expected a URL without a password")
    .optional(),
});

/** The environment variables that configure the server. */
export const SERVER_VARIABLES: readonly string[] = Object.keys(environment.shape);

/** The configuration of an empty file, without a parser. A test compares it with the parsed one. */
export const NO_RULES: SyncConfig = {
  rules: [],
  registries: [],
  parallel: 4,
  dockerConfig: true,
  webhooks: { incoming: new Map(), outgoing: [] },
};

/** Variables of the command line program, which may be set in the same environment. */
const CLI_VARIABLES = new Set(["CROSSDOCK_DEBUG", "CROSSDOCK_TOKEN", "CROSSDOCK_VIA"]);

/**
 * Whether Kubernetes has set a variable, for a service with the name `crossdock` or one that begins so. `CROSSDOCK_PORT` is such a
 * variable only if it has a URL.
 * https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
function isOfService(name: string, value: unknown): boolean {
  return /_(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_.+)?)$/.test(name) ||
    /_PORT$/.test(name) && /^[a-z]+:\/\//.test(String(value));
}

/** Parses the text of a `crossdock.yaml`: `parseServerSync`. */
type ParseSync = (text: string, options: ParseSyncConfigOptions) => ServerSync;

/**
 * Whether variables name rules. Only then a parser of rules is needed. {@linkcode parseEnvironment} checks the variables.
 */
export function hasRulesText({ CROSSDOCK_CONFIG, CROSSDOCK_CONFIG_FILE }: Environment): boolean {
  return Boolean(CROSSDOCK_CONFIG || CROSSDOCK_CONFIG_FILE);
}

/**
 * Reads the configuration. Empty variables count as not set.
 *
 * @param parseSync required if the variables have rules
 * @throws ParseError naming every variable that is wrong, and no value
 */
export function parseEnvironment(
  variables: Environment,
  { now = Date.now(), ...files }: ParseConfigOptions = {},
  parseSync?: ParseSync,
): ServerConfig {
  const entries = Object.entries(variables);
  const texts = Object.fromEntries(
    entries.filter(([, value]) => typeof value === "string" && value !== ""),
  );
  // On Workers a number or a table of wrangler.toml's [vars] comes as one.
  const notText = entries.filter(([name, value]) =>
    (name.startsWith("CROSSDOCK_") || name in environment.shape) &&
    value !== undefined && typeof value !== "string"
  );
  const unknown = Object.keys(texts).filter((name) =>
    name.startsWith("CROSSDOCK_") && !(name in environment.shape) && !CLI_VARIABLES.has(name) &&
    !isOfService(name, texts[name])
  );
  const result = safeParse(environment, texts, { quotes: false });
  const mistakes = [
    ...unknown.map((name) => {
      const near = suggest(name, SERVER_VARIABLES);
      return `${name}: there is no such variable${near ? `; did you mean ${near}` : ""}`;
    }),
    ...notText.map(([name]) => `${name}: the value is not text; put it in quotes`),
    ...(result.error?.issues ?? []).map(({ path, message }) =>
      `${path[0]?.toString()}: ${message}`
    ),
    ...listIncomplete(texts),
  ];
  const sync = readSync(texts, { ...files, now, parseSync }, mistakes);
  if (mistakes.length > 0 || !result.success) {
    throw new ParseError(`configuration is not valid: ${mistakes.join("; ")}`);
  }
  return toConfig(result.data, sync);
}

/** Fills in the configured `verify` in the copies of rules that leave it out. */
export function withRuleDefaults(
  sync: ServerSync,
  defaults: Pick<CopyRequestInput, "verify">,
): ServerSync {
  return {
    ...sync,
    rules: sync.rules.map((rule) => ({ ...rule, copy: withDefaults(defaults, rule.copy) })),
  };
}

/** Reads the rules, and adds their mistakes to the list. */
function readSync(
  variables: Environment,
  { configFile, readFile, readAdmission, now, parseSync }: ParseConfigOptions & {
    readonly now: number;
    readonly parseSync: ParseSync | undefined;
  },
  mistakes: string[],
): ServerSync {
  const { CROSSDOCK_CONFIG: text, CROSSDOCK_CONFIG_FILE: file } = variables as Record<
    string,
    string | undefined
  >;
  const nothing: ServerSync = { ...NO_RULES, from: "CROSSDOCK_CONFIG", warnings: [] };
  if (file !== undefined && text !== undefined) {
    mistakes.push(
      "CROSSDOCK_CONFIG_FILE: CROSSDOCK_CONFIG is set as well; expected only one of them",
    );
    return nothing;
  }
  if (file !== undefined && configFile === undefined) {
    mistakes.push(
      "CROSSDOCK_CONFIG_FILE: this host has no files; put the text into CROSSDOCK_CONFIG",
    );
    return nothing;
  }
  if (text !== undefined && /^[^\s{[]+$/.test(text.trim())) {
    mistakes.push(
      "CROSSDOCK_CONFIG: expected the text of the rules; put the name of a file into CROSSDOCK_CONFIG_FILE",
    );
    return nothing;
  }
  const from = file ?? "CROSSDOCK_CONFIG";
  const content = configFile ?? text;
  if (content === undefined) return { ...nothing, from };
  if (!parseSync) throw new TypeError("there are rules, but no parser for them");
  try {
    const env = variables as Readonly<Record<string, string>>;
    return parseSync(content, { from, env, now, readFile, readAdmission });
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
    ...optionalKey("registryAuth", env.CROSSDOCK_REGISTRY_AUTH),
    ...(env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY
      ? {
        aws: {
          accessKeyId: env.AWS_ACCESS_KEY_ID,
          secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
          ...optionalKey("sessionToken", env.AWS_SESSION_TOKEN),
          createRepository: env.CROSSDOCK_ECR_CREATE_REPOSITORY,
        },
      }
      : {}),
    ...optionalKey("googleServiceAccount", env.GOOGLE_SERVICE_ACCOUNT),
    ...(env.AZURE_TENANT_ID && env.AZURE_CLIENT_ID && env.AZURE_CLIENT_SECRET
      ? {
        azure: {
          tenantId: env.AZURE_TENANT_ID,
          clientId: env.AZURE_CLIENT_ID,
          clientSecret: env.AZURE_CLIENT_SECRET,
          ...optionalKey("authorityHost", env.AZURE_AUTHORITY_HOST),
        },
      }
      : {}),
    allowSources: env.CROSSDOCK_ALLOW_SOURCES,
    allowDestinations: env.CROSSDOCK_ALLOW_DESTINATIONS,
    allowPrivate: env.CROSSDOCK_ALLOW_PRIVATE,
    plainHttp: env.CROSSDOCK_PLAIN_HTTP,
    ...optionalKey("verify", env.CROSSDOCK_VERIFY),
    log: env.CROSSDOCK_LOG,
    maxCopies: env.CROSSDOCK_MAX_COPIES,
    maxHeldBytes: env.CROSSDOCK_MAX_HELD_BYTES,
    ...optionalKey("concurrency", env.CROSSDOCK_CONCURRENCY),
    ...optionalKey("retries", env.CROSSDOCK_RETRIES),
    ...optionalKey("timeoutMs", env.CROSSDOCK_TIMEOUT_MS),
    ...optionalKey("sigstoreRoot", env.CROSSDOCK_SIGSTORE_ROOT),
    parallelSteps: env.CROSSDOCK_PARALLEL_STEPS,
    corsOrigins: env.CROSSDOCK_CORS_ORIGINS,
    sync: withRuleDefaults(sync, optionalKey("verify", env.CROSSDOCK_VERIFY)),
    ...optionalKey("state", env.CROSSDOCK_STATE),
    hostname: env.HOST,
    port: env.PORT,
    graceMs: env.CROSSDOCK_GRACE_MS,
    ...optionalKey("historyFile", env.CROSSDOCK_HISTORY_FILE),
  };
}

/** Variables that have an effect only together. */
const TOGETHER = [
  ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
  ["AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"],
];

function listIncomplete(variables: Environment): string[] {
  return TOGETHER.flatMap((names) => {
    const missing = names.filter((name) => variables[name] === undefined);
    if (missing.length === 0 || missing.length === names.length) return [];
    const found = names.filter((name) => !missing.includes(name));
    return missing.map((name) => `${name}: is missing, but ${found.join(" and ")} is set`);
  });
}

function splitList(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== "");
}

/** Checks an origin as browsers send it. The message does not quote it, because a URL may have a password. */
function parseOrigin(text: string, index: number): string {
  const url = URL.parse(text);
  const origin = url && /^https?:$/.test(url.protocol) && !text.includes("*") ? url.origin : "";
  if (origin === text) return text;
  const written = origin || "a scheme and a host, such as https://board.example.com";
  throw new ParseError(`entry ${index + 1} is not an origin; write ${written}`);
}

/** Turns a parser into a transform. Its error becomes an issue of the variable. */
function parseWith<Value>(
  parse: (text: string) => Value,
): (text: string, context: z.RefinementCtx) => Value {
  return (text, context) => {
    try {
      return parse(text);
    } catch (error) {
      const { message = "", hint } = error as Partial<ParseError>;
      context.addIssue({ code: "custom", message: hint ? `${message}; ${hint}` : message });
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
