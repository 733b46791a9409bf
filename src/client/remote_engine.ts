/**
 * An engine that delegates to a crossdock server over HTTP, with the same calls, events and errors as a local one.
 *
 * @module
 */
import { admissionSchema } from "../copy/admission_schema.ts";
import type { AdmissionVerdict } from "../copy/admission.ts";
import type { Inspection, Performed, Plan, Report, Verification } from "../copy/model.ts";
import { toCopyRequestInput } from "../copy/request.ts";
import type { CopyRequest, CopyRequestInput } from "../copy/request.ts";
import type { Engine, RunOptions } from "../engine.ts";
import { CrossdockError, NetworkError } from "../errors.ts";
import type { NetworkFailure } from "../errors.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import type { DurableCopy } from "../durable/durable_copies.ts";
import {
  inspectionSchema,
  performedSchema,
  planSchema,
  tagsSchema,
  verificationSchema,
} from "../copy/schemas.ts";
import { durableCopySchema } from "../durable/durable_copy_schema.ts";
import type { Problem, ProblemCode } from "../problem.ts";
import { setupSchema } from "../config/setup_schema.ts";
import type { Setup } from "../config/setup.ts";
import { runListSchema, runRecordSchema } from "../history/schemas.ts";
import type { RunList, RunRecord, RunState } from "../history/model.ts";
import { accessCheckSchema } from "../registry/access_check_schema.ts";
import type { AccessCheck } from "../registry/check_access.ts";
import { ruleListSchema } from "../rules/rule_list_schema.ts";
import type { RuleList } from "../rules/rule_list.ts";
import { startedSyncSchema } from "../rules/started_sync_schema.ts";
import type { StartedRule, StartedSync } from "../rules/rules.ts";
import { syncStatusSchema } from "../sync/schemas.ts";
import type { EmitSync, SyncReport, SyncRequest, SyncStatus } from "../sync/model.ts";
import { hasType, notCrossdock, readResult, toAnswerError } from "./answer.ts";
import type { Answer, AnsweringServer } from "./answer.ts";
import { createClient } from "./client.ts";
import type { ClientOptions } from "./client.ts";
import { readEvents, readSyncEvents } from "./read_events.ts";
import { parseServerUrl } from "./server_url.ts";

// JSR's entry `./client` is this file, because JSR accepts no inferred types, such as that of `createClient()`.
export type { ClientOptions, DurableCopy, Problem, ProblemCode };
export type {
  CallerInfo,
  ConfigInfo,
  ConfiguredCredential,
  HookEvent,
  HookInfo,
  HookRefusal,
  HostInfo,
  Setup,
} from "../config/setup.ts";
export type {
  HistoryStatus,
  RunCause,
  RunList,
  RunRecord,
  RunState,
  RunSubject,
  RunSummary,
} from "../history/model.ts";
export type { PullsLeft } from "../registry/pulls_left.ts";
export type { RuleInfo, RuleList } from "../rules/rule_list.ts";
export type { EmitSync, StartedRule, StartedSync, SyncReport, SyncRequest, SyncStatus };

/** The server, and how to reach it. */
export interface RemoteEngineOptions extends ClientOptions {
  /** URL of the server: `https://crossdock.example.com`, with a path prefix if the server has one. */
  readonly url: string;
  /** Name of the token in messages, such as the variable that contains it. Default `token`. */
  readonly tokenName?: string | undefined;
  /** Longest time without an event of a running copy, in milliseconds. Default 30 000; the server sends heartbeats every 5000. */
  readonly silenceMs?: number | undefined;
}

/** The result of `detach`. */
export type Detached =
  /** The copy was started; `url` returns its state. */
  | { readonly copy: DurableCopy; readonly url: string }
  /** The server has no durable copies: the copy ran within the request. */
  | { readonly report: Report };

/** An engine that runs on a crossdock server. */
export interface RemoteEngine extends Engine {
  /** Starts a durable copy if the server supports it. Otherwise copies as `copy` does. */
  detach(request: CopyRequestInput | CopyRequest, options?: RunOptions): Promise<Detached>;
  /**
   * Gets the state and report of a durable copy.
   *
   * @throws CrossdockError `not_found`
   */
  getCopy(id: string, options?: RunOptions): Promise<DurableCopy>;
  /**
   * Cancels a durable copy. A copy that has ended keeps its state.
   *
   * @throws CrossdockError `not_found`
   */
  cancelCopy(id: string, options?: RunOptions): Promise<DurableCopy>;
  /**
   * Runs rules of the server's configuration. Failures of single tags are in the report.
   *
   * @throws CrossdockError `not_found` for an unknown rule
   */
  sync(request: SyncRequest, options?: SyncOptions): Promise<SyncReport>;
  /** Starts runs in the background if the server supports it. Otherwise runs the rules as `sync` does. */
  detachSync(request: SyncRequest, options?: SyncOptions): Promise<DetachedSync>;
  /** Gets the status of the server's rules, or of the named ones. */
  syncStatus(rules?: readonly string[], options?: SyncOptions): Promise<SyncStatus>;
  /** Lists the server's rules, with their schedules and last runs. Sends no request to a registry. */
  listRules(options?: CallSignal): Promise<RuleList>;
  /** Lists runs of rules and copies, newest first. */
  listRuns(query?: RunListQuery, options?: CallSignal): Promise<RunList>;
  /**
   * Gets a run with the result of each tag.
   *
   * @throws CrossdockError `not_found`
   */
  getRun(id: string, options?: CallSignal): Promise<RunRecord>;
  /** Gets the server's set-up, without secrets. */
  getSetup(options?: CallSignal): Promise<Setup>;
  /**
   * Checks whether the server's credential for a registry or repository works.
   *
   * @throws CrossdockError `denied` if the server does not allow the name
   */
  check(request: CheckRequest, options?: CallSignal): Promise<AccessCheck>;
}

/** The signal of a call without events. */
export type CallSignal = Pick<SyncOptions, "signal">;

/** Which runs to list. */
export interface RunListQuery {
  /** Names of rules. Default: all runs, those of copies too. */
  readonly rules?: readonly string[] | undefined;
  /** Default: all states. */
  readonly states?: readonly RunState[] | undefined;
  /** The most runs of a page, 1 to 200. Default 50. */
  readonly limit?: number | undefined;
  /** `next` of the previous page. Default: the newest runs. */
  readonly cursor?: string | undefined;
}

/** What to check. */
export interface CheckRequest {
  /** A registry, or `registry/repository`. */
  readonly name: string;
  /** `push` needs a repository. Default `pull`. */
  readonly access?: "pull" | "push" | undefined;
}

/** Options of calls that run rules or compute their status. */
export interface SyncOptions {
  /** Aborts the call. The run at the server stops too. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the events of the rules. */
  readonly emit?: EmitSync | undefined;
}

/** The result of `detachSync`. */
export type DetachedSync = { readonly started: StartedSync } | { readonly report: SyncReport };

/**
 * Creates an engine that delegates to a server. Its calls throw the errors that the server's engine threw, with code, side, hint
 * and step. Errors of the server itself, and of the connection to it, begin with its URL. Only `copy`, `sync`, `detach` and
 * `detachSync` emit events.
 *
 * @throws ParseError for an invalid URL or token
 */
export function createRemoteEngine(options: RemoteEngineOptions): RemoteEngine {
  const { token, tokenName = "token", silenceMs, fetch: send = globalThis.fetch } = options;
  const hasToken = token !== undefined;
  const url = parseServerUrl(options.url, { hasToken });
  const server: AnsweringServer = { url, hasToken, tokenName };
  const { v1 } = createClient(url, {
    ...options,
    fetch: (input, init) =>
      send(input, init).catch((error) => {
        throw init?.signal?.aborted ? init.signal.reason : toConnectError(error, url);
      }),
  });

  /** Sends a request and reads its response. If the signal is aborted, throws its reason instead of the resulting error. */
  async function call<Value>(
    { signal }: Pick<SyncOptions, "signal">,
    request: (how: { init: RequestInit }) => Promise<Answer>,
    read: (answer: Answer) => Promise<Value>,
  ): Promise<Value> {
    try {
      return await read(await request({ init: { signal: signal ?? null } }));
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof CrossdockError) throw error;
      throw new NetworkError(
        "reset",
        `${url}: the connection was lost before the response was complete`,
        {
          cause: error,
        },
      );
    }
  }

  async function copy(
    request: CopyRequestInput | CopyRequest,
    prefer: string | undefined,
    options: RunOptions,
  ): Promise<Detached> {
    const header = { accept: "application/x-ndjson", ...(prefer ? { prefer } : {}) };
    return await call(
      options,
      (how) => v1.copies.$post({ json: toCopyRequestInput(request), header }, how),
      async (answer) => {
        if (answer.status === 202) {
          const copy = await readResult(answer, durableCopySchema, server);
          return { copy, url: `${url}/v1/copies/${copy.id}` };
        }
        if (!answer.ok) throw await toAnswerError(answer, server);
        return { report: await followCopy(answer, options) };
      },
    );
  }

  function backgroundError(what: string): CrossdockError {
    const message =
      `${url} started ${what} in the background, expected it to run within the request`;
    return new CrossdockError("registry", message);
  }

  async function followCopy(answer: Answer, { emit }: RunOptions): Promise<Report> {
    if (hasType(answer, "application/x-ndjson")) {
      for await (const event of readEvents(answer, { silenceMs })) {
        emit?.(event);
        if (event.type === "report") return event.report;
      }
    }
    throw notCrossdock(answer, server);
  }

  async function sync(
    request: SyncRequest,
    prefer: string | undefined,
    options: SyncOptions,
  ): Promise<DetachedSync> {
    const header = { accept: "application/x-ndjson", ...(prefer ? { prefer } : {}) };
    return await call(
      options,
      (how) => v1.syncs.$post({ json: request, header }, how),
      async (answer) => {
        if (answer.status === 202) {
          return { started: await readResult(answer, startedSyncSchema, server) };
        }
        if (!answer.ok) throw await toAnswerError(answer, server);
        return { report: await followSync(answer, options) };
      },
    );
  }

  async function followSync(answer: Answer, { emit }: SyncOptions): Promise<SyncReport> {
    if (hasType(answer, "application/x-ndjson")) {
      for await (const event of readSyncEvents(answer, { silenceMs })) {
        if (event.type === "report") return event.report;
        emit?.(event);
      }
    }
    throw notCrossdock(answer, server);
  }

  async function inspect(reference: string, options: RunOptions = {}): Promise<Inspection> {
    return await call(
      options,
      (how) => v1.images.$get({ query: { reference } }, how),
      (answer) => readResult(answer, inspectionSchema, server),
    );
  }

  return {
    inspect,

    async plan(request, { survey = true, manifests = false, ...options } = {}): Promise<Plan> {
      return await call(
        options,
        (how) =>
          v1.plans.$post({
            json: toCopyRequestInput(request),
            query: { survey: `${survey}`, manifests: `${manifests}` },
          }, how),
        (answer) => readResult(answer, planSchema, server),
      );
    },

    async copy(request, options = {}): Promise<Report> {
      const done = await copy(request, undefined, options);
      if ("report" in done) return done.report;
      throw backgroundError("the copy");
    },

    async detach(request, options = {}): Promise<Detached> {
      return await copy(request, "respond-async", options);
    },

    async getCopy(id, options = {}): Promise<DurableCopy> {
      return await call(
        options,
        (how) => v1.copies[":id"].$get({ param: { id: encodeURIComponent(id) } }, how),
        (answer) => readResult(answer, durableCopySchema, server),
      );
    },

    async cancelCopy(id, options = {}): Promise<DurableCopy> {
      return await call(
        options,
        (how) => v1.copies[":id"].$delete({ param: { id: encodeURIComponent(id) } }, how),
        (answer) => readResult(answer, durableCopySchema, server),
      );
    },

    async sync(request, options = {}): Promise<SyncReport> {
      const done = await sync(request, undefined, options);
      if ("report" in done) return done.report;
      throw backgroundError("the sync");
    },

    async detachSync(request, options = {}): Promise<DetachedSync> {
      return await sync(request, "respond-async", options);
    },

    async syncStatus(rules = [], options = {}): Promise<SyncStatus> {
      return await call(
        options,
        (how) => v1.syncs.$get({ query: { rule: [...rules] } }, how),
        (answer) => readResult(answer, syncStatusSchema, server),
      );
    },

    async listRules(options = {}): Promise<RuleList> {
      return await call(
        options,
        (how) => v1.rules.$get({}, how),
        (answer) => readResult(answer, ruleListSchema, server),
      );
    },

    async listRuns(
      { rules = [], states = [], limit, cursor } = {},
      options = {},
    ): Promise<RunList> {
      const query = {
        rule: [...rules],
        state: [...states],
        ...(limit === undefined ? {} : { limit: `${limit}` }),
        ...(cursor === undefined ? {} : { cursor }),
      };
      return await call(
        options,
        (how) => v1.runs.$get({ query }, how),
        (answer) => readResult(answer, runListSchema, server),
      );
    },

    async getRun(id, options = {}): Promise<RunRecord> {
      return await call(
        options,
        (how) => v1.runs[":id"].$get({ param: { id: encodeURIComponent(id) } }, how),
        (answer) => readResult(answer, runRecordSchema, server),
      );
    },

    async getSetup(options = {}): Promise<Setup> {
      return await call(
        options,
        (how) => v1.setup.$get({}, how),
        (answer) => readResult(answer, setupSchema, server),
      );
    },

    async check(json, options = {}): Promise<AccessCheck> {
      return await call(
        options,
        (how) => v1.checks.$post({ json }, how),
        (answer) => readResult(answer, accessCheckSchema, server),
      );
    },

    /** Inspects the image, because the API has no call that returns only the digest. */
    async resolve(text, options = {}): Promise<string> {
      const reference = parseReference(text);
      if (reference.digest) return formatReference(reference);
      return (await inspect(text, options)).reference;
    },

    async perform(step, options = {}): Promise<Performed> {
      return await call(
        options,
        (how) => v1.steps.$post({ json: step }, how),
        (answer) => readResult(answer, performedSchema, server),
      );
    },

    /** Yields one page: the server has already joined the registry's pages. */
    async *tags(repository, options = {}): AsyncGenerator<string[]> {
      const { tags } = await call(
        options,
        (how) => v1.tags.$get({ query: { repository } }, how),
        (answer) => readResult(answer, tagsSchema, server),
      );
      yield tags;
    },

    async admit(reference, { referrerSource, ...options } = {}): Promise<AdmissionVerdict> {
      const json = { reference, ...(referrerSource === undefined ? {} : { referrerSource }) };
      return await call(
        options,
        (how) => v1.admissions.$post({ json }, how),
        (answer) => readResult(answer, admissionSchema, server),
      );
    },

    async verify(request, options = {}): Promise<Verification> {
      const { verify: _, ifExists: __, recheck: ___, fastCheck: ____, ...json } =
        toCopyRequestInput(request);
      return await call(
        options,
        (how) => v1.verifications.$post({ json }, how),
        (answer) => readResult(answer, verificationSchema, server),
      );
    },
  };
}

function toConnectError(error: unknown, url: string): CrossdockError {
  const isKnown = error instanceof NetworkError;
  const failure = isKnown ? error.failure : "unknown";
  const reason = isKnown ? `: ${error.message}` : "";
  return new NetworkError(failure, `${url} is unreachable${reason}`, {
    cause: isKnown ? error.cause : error,
    hint: HINTS[failure] ?? "check the URL, and check that the server is running",
  });
}

const HINTS: { readonly [Failure in NetworkFailure]?: string } = {
  certificate:
    "make this machine trust the server's certificate: set SSL_CERT_FILE to a file with its CA",
  proxy: "check HTTPS_PROXY and HTTP_PROXY, or add the server's host to NO_PROXY",
  not_tls: "the server seems to use plain HTTP; if so, use an http:// URL",
};
