import type { Context } from "hono";
import type { Engine, LocalEngine } from "../engine.ts";
import type { Emit } from "../copy/model.ts";
import type { AccessToken } from "../config/access_tokens.ts";
import type { CopyLimit } from "./copy_limit.ts";
import type { HostInfo } from "../config/setup.ts";
import type { RunHistory } from "../history/model.ts";
import type { PullsLeft } from "../registry/pulls_left.ts";
import type { DurableCopies } from "../durable/durable_copies.ts";
import type { Log } from "../log.ts";
import type { HookReceiver } from "../rules/receive_hook.ts";
import type { ServerConfig } from "../config/server_config.ts";
import type { ServerRules } from "../rules/rules.ts";

/** The files of the page and of the API description, which `deno task page` and `deno task schema` make. */
export interface PageFiles {
  /** The OpenAPI document. */
  document(): Promise<object>;
  /** The text of a file: `index.html`, `docs.html`, or a path that one of them names. */
  file(path: string): Promise<string | undefined>;
  /** The same file compressed by brotli. Default: files are sent as they are. */
  compressedFile?(path: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Dependencies of the server that the host provides. */
export interface AppOptions {
  readonly config: ServerConfig;
  /** Called once per request: on Workers, requests must not share an engine. */
  readonly openEngine: () => Engine & Pick<LocalEngine, "copy" | "checkAccess">;
  /** Whether callers may not perform steps, because steps are not checked against the admission policy. Default: false. */
  readonly hasPolicy?: boolean;
  /** Whether callers may have receipts signed by single steps, whose content nobody has checked. Default: false. */
  readonly signsSteps?: boolean;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly host: Pick<HostInfo, "name" | "memory">;
  /** The remaining pulls that a source registry reported last. */
  readonly pullsLeft: (registry: string) => PullsLeft | undefined;
  /** Keeps what ran. Default: nothing is kept. */
  readonly history?: RunHistory | undefined;
  /** Limits the copies of callers that run at once. Default: no limit. */
  readonly limitCopies?: CopyLimit;
  /** Receives events of registries. Default: `/hooks` does not exist. */
  readonly receiveHook?: HookReceiver;
  /** Runs copies requested with `Prefer: respond-async`. Default: they run within the request. */
  readonly durable?: DurableCopies;
  /** The configured rules. Default: `/v1/syncs` returns 404. */
  readonly rules?: ServerRules;
  /** Keeps the host alive until a job has ended. */
  readonly background?: (job: Promise<unknown>) => void;
  /** Default: `/`, `/docs` and `/openapi.json` return 404. */
  readonly pageFiles?: PageFiles | undefined;
  /** Aborted when the host ends running work. */
  readonly stopSignal?: AbortSignal;
  /** Whether the host is shutting down and rejects new work. */
  readonly isStopping?: () => boolean;
  /** The caller's IP address. */
  readonly addressOf?: (context: Context) => string | undefined;
  /** Counts an invalid token of this address. Resolves to whether the address has exceeded the limit. */
  readonly limitTries?: (address: string) => Promise<boolean>;
  /** Metrics in the Prometheus text format. Default: `/metrics` does not exist. */
  readonly metrics?: () => Promise<{ contentType: string; text: string }>;
  /** Receives the retries and warnings of every call. */
  readonly onEvent?: Emit;
  /** Called when a response begins. */
  readonly onAnswer?: (
    answer: { route: string; method: string; status: number; ms: number },
  ) => void;
}

/** Variables of hono's request context. */
export interface AppEnv {
  Variables: {
    requestId: string;
    /** The token of the caller. Absent on routes that need no token. */
    caller: AccessToken | undefined;
    /** The longest body of the route. */
    maxBodyBytes: number | undefined;
  };
}
