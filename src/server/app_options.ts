import type { Context } from "hono";
import type { Engine, LocalEngine } from "../engine.ts";
import type { Emit } from "../copy/model.ts";
import type { AccessToken } from "../config/access_tokens.ts";
import type { DurableCopies } from "../durable/durable_copies.ts";
import type { Log } from "../log.ts";
import type { HookReceiver } from "../rules/receive_hook.ts";
import type { ServerConfig } from "../config/server_config.ts";
import type { ServerRules } from "../rules/rules.ts";

/** The API's description: `deno task schema` writes it, and hosts read it from src/server/api. */
export interface ApiFiles {
  /** The OpenAPI document. */
  document(): Promise<object>;
  page(): Promise<ApiPage>;
}

/** The page of `/docs`. */
export interface ApiPage {
  /** The HTML. */
  readonly lines: readonly string[];
  /** The Content-Security-Policy: the page's own style and icon, and nothing else. */
  readonly policy: string;
}

/** What a host gives the server. */
export interface AppOptions {
  readonly config: ServerConfig;
  /** Called once a request: on Workers no two of them may share an engine. */
  readonly openEngine: () => Engine & Pick<LocalEngine, "copy">;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** What takes registries' events; without, there is nowhere to send them to. */
  readonly receiveHook?: HookReceiver;
  /** Where copies run that are asked for with `Prefer: respond-async`; without, these run in the request. */
  readonly durable?: DurableCopies;
  /** What is kept in step with what; without, `/v1/syncs` says that there are no rules. */
  readonly rules?: ServerRules;
  /** Keeps the host alive until a job has ended. */
  readonly background?: (job: Promise<unknown>) => void;
  /** Without, `/openapi.json` and `/docs` are not found. */
  readonly apiFiles?: ApiFiles | undefined;
  /** Aborted when the host has to end now. */
  readonly stopSignal?: AbortSignal;
  /** Whether no new work is taken, because the host is about to end. */
  readonly isStopping?: () => boolean;
  /** The caller's address. */
  readonly addressOf?: (context: Context) => string | undefined;
  /** Counts a failed try to show a token, and says whether there were too many from this address. */
  readonly limitTries?: (address: string) => Promise<boolean>;
  /** Prometheus' text format, where the host lives long enough to count. */
  readonly metrics?: () => Promise<{ contentType: string; text: string }>;
  /** Told of the retries and warnings of every call. */
  readonly onEvent?: Emit;
  /** Told when a request has been answered. */
  readonly onAnswer?: (
    answer: { route: string; method: string; status: number; ms: number },
  ) => void;
}

/** What hono carries with a request. */
export interface AppEnv {
  Variables: {
    requestId: string;
    /** Who calls; absent where no token is asked for. */
    caller: AccessToken | undefined;
  };
}
