/** Describes the configuration of a server without its secrets. */
import { parseKey } from "../auth/credentials.ts";
import { parseDockerConfig } from "../auth/docker_config.ts";
import type { ServerConfig } from "./server_config.ts";

/** A registry that has a credential. */
export interface ConfiguredCredential {
  /** A registry, with the path of a namespace or repository if the credential is only for that; `*.` for those of a cloud. */
  readonly registry: string;
  /** The file or variable that has it. */
  readonly from: string;
}

/** A webhook that registries call, and its last requests. */
export interface HookInfo {
  /** The name of the webhook. */
  readonly hook: string;
  /** The path of its URL, after the URL of the server. A secret in it is replaced by `SECRET`. */
  readonly path: string;
  /** The kind of registry that sends the events. */
  readonly sender: string;
  /** The registry of its events. */
  readonly place: string;
  /** The kind of proof that a request needs. */
  readonly proof: string;
  /** The last event that it received. */
  readonly lastEvent?: HookEvent | undefined;
  /** The last request that it rejected. */
  readonly lastRefusal?: HookRefusal | undefined;
}

/** An event that a webhook received. */
export interface HookEvent {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** `accepted`: rules run; `ignored`: no rule runs; `answered`: a test of the sender, such as a handshake. */
  readonly state: "accepted" | "ignored" | "answered";
  /** Why it was ignored. */
  readonly why?: string | undefined;
}

/** A request that a webhook rejected. */
export interface HookRefusal {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What kind of error it is. */
  readonly code: string;
  /** What happened. */
  readonly detail: string;
  /** What to do next. */
  readonly hint?: string | undefined;
}

/** The last requests of a webhook. */
export type HookMemory = Map<string, Pick<HookInfo, "lastEvent" | "lastRefusal">>;

/** The configuration without its secrets. */
export interface ConfigInfo {
  /** Whether calls need no token. */
  readonly open: boolean;
  /** Globs over `registry/repository` that callers may read. Rules do not need them. */
  readonly allowSources: readonly string[];
  /** Globs over `registry/repository` that callers may write. Rules do not need them. */
  readonly allowDestinations: readonly string[];
  /** Hosts that may be private. */
  readonly allowPrivate: readonly string[];
  /** Registries without TLS. */
  readonly plainHttp: readonly string[];
  /** The registries that have a credential. */
  readonly credentials: readonly ConfiguredCredential[];
  /** The webhooks that registries call, with their last requests. */
  readonly hooks: readonly HookInfo[];
  /** Where notices go. A whole URL could contain a secret. */
  readonly notices: readonly { readonly host: string; readonly events: readonly string[] }[];
  /** Settings that probably permit more, or less, than intended. A configuration with a mistake does not start. */
  readonly warnings: readonly string[];
}

export function describeConfig(config: ServerConfig, memory: HookMemory): ConfigInfo {
  const { open, allowSources, allowDestinations, allowPrivate, plainHttp, sync } = config;
  return {
    open,
    allowSources,
    allowDestinations,
    allowPrivate,
    plainHttp,
    credentials: listCredentials(config),
    hooks: [...sync.webhooks.incoming].map(([hook, { sender, place, proof }]) => ({
      hook,
      path: `hooks/${hook}${proof.kind === "path" ? "/SECRET" : ""}`,
      sender,
      place,
      proof: proof.kind,
      ...memory.get(hook),
    })),
    notices: sync.webhooks.outgoing.map(({ url, events }) => ({
      host: new URL(url).host,
      events,
    })),
    warnings: [...sync.warnings, ...listWarnings(config)],
  };
}

function listCredentials(
  { sync, registryAuth = "", aws, googleServiceAccount, azure }: ServerConfig,
): ConfiguredCredential[] {
  const cloud = (keys: unknown, from: string, ...registries: string[]): ConfiguredCredential[] =>
    keys ? registries.map((registry) => ({ registry, from })) : [];
  const from = "CROSSDOCK_REGISTRY_AUTH";
  return [
    ...sync.registries.flatMap(({ registry, credential }) =>
      credential ? [{ registry, from: sync.from }] : []
    ),
    ...parseDockerConfig(registryAuth, from).auths.flatMap(([key, credential]) => {
      if (!credential) return [];
      const { registry, path } = parseKey(key);
      // A key can be a URL with a password, which may contain a slash.
      return [{ registry: [registry, ...path].join("/").replace(/^.*@/, ""), from }];
    }),
    ...cloud(aws, "AWS_ACCESS_KEY_ID", "*.amazonaws.com"),
    ...cloud(googleServiceAccount, "GOOGLE_SERVICE_ACCOUNT", "*.pkg.dev", "*.gcr.io"),
    ...cloud(azure, "AZURE_CLIENT_ID", "*.azurecr.io"),
  ];
}

/** Lists the settings that probably permit more, or less, than intended. */
export function listWarnings(
  { open, tokens, allowSources, allowDestinations, sync }: ServerConfig,
): string[] {
  // A server that only runs rules needs neither tokens nor allow-lists.
  const hasRules = sync.rules.length > 0;
  const empty = [
    ...(allowSources.length === 0 ? ["CROSSDOCK_ALLOW_SOURCES"] : []),
    ...(allowDestinations.length === 0 ? ["CROSSDOCK_ALLOW_DESTINATIONS"] : []),
  ];
  return [
    ...(open
      ? ["CROSSDOCK_OPEN is true: anyone who can reach this server can copy without a token"]
      : tokens.length === 0 && !hasRules
      ? ["CROSSDOCK_TOKENS is not set: the server rejects all calls except health checks"]
      : []),
    ...(empty.length > 0 && !hasRules
      ? [`${empty.join(" and ")} not set: the server rejects all copies`]
      : []),
  ];
}

/** The host of a server, and what it can know. */
export interface HostInfo {
  /** The runtime. */
  readonly name: "deno" | "node" | "bun" | "workerd";
  /** How long the server remembers the last requests of webhooks and the remaining pulls: as long as its process, or as an isolate. */
  readonly memory: "process" | "isolate";
  /** Whether copies can continue without their caller. */
  readonly durableCopies: boolean;
  /** Whether runs of rules can continue without their caller. */
  readonly durableRules: boolean;
}

/** The caller of a request. */
export interface CallerInfo {
  /** The name of the token. */
  readonly token: string;
  /** What the caller may do. */
  readonly scope: "copy" | "read";
}

/** The set-up of a server. */
export interface Setup extends ConfigInfo {
  /** The version of crossdock. */
  readonly version: string;
  /** Where the server runs. */
  readonly host: HostInfo;
  /** Absent if the server needs no token. */
  readonly caller?: CallerInfo | undefined;
}
