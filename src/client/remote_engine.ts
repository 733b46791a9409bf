/** An engine whose work is done by a crossdock server: the same calls, events and errors, over HTTP. */
import type * as z from "zod";

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
} from "../copy/model.ts";
import { durableCopySchema } from "../durable/durable_copies.ts";
import { startedSyncSchema } from "../rules/rules.ts";
import type { StartedSync } from "../rules/rules.ts";
import type { syncBody } from "../server/schemas.ts";
import { syncStatusSchema } from "../sync/model.ts";
import type { EmitSync, SyncReport, SyncStatus } from "../sync/model.ts";
import { hasType, notCrossdock, readResult, toAnswerError } from "./answer.ts";
import type { Answer, AnsweringServer } from "./answer.ts";
import { createClient } from "./client.ts";
import type { ClientOptions } from "./client.ts";
import { readEvents, readSyncEvents } from "./read_events.ts";
import { parseServerUrl } from "./server_url.ts";

export interface RemoteEngineOptions extends ClientOptions {
  /** Where the server is reached: `https://crossdock.example.com`, with a path before its own if it has one. */
  readonly url: string;
  /** What messages call the token, such as the variable that it came from. Default `token`. */
  readonly tokenName?: string | undefined;
  /** Longest silence of a running copy, in milliseconds. Default 30 000; the server's heartbeats come every 5000. */
  readonly silenceMs?: number | undefined;
}

/** What became of a copy that was not to be waited for. */
export type Detached =
  /** It goes on by itself; `url` is where to ask for it. */
  | { readonly copy: DurableCopy; readonly url: string }
  /** The server has no durable runner: it was copied while the caller waited. */
  | { readonly report: Report };

export interface RemoteEngine extends Engine {
  /** Copies without its caller where the server can do that, else as `copy` does. */
  detach(request: CopyRequestInput | CopyRequest, options?: RunOptions): Promise<Detached>;
  /**
   * State and report of a copy that goes on by itself.
   *
   * @throws CrossdockError `not_found`
   */
  getCopy(id: string, options?: RunOptions): Promise<DurableCopy>;
  /**
   * Stops a copy that goes on by itself; one that has ended stays as it is.
   *
   * @throws CrossdockError `not_found`
   */
  cancelCopy(id: string, options?: RunOptions): Promise<DurableCopy>;
  /**
   * Has the server run rules of its own. What failed of them is in the report.
   *
   * @throws CrossdockError `not_found` for a rule that it does not have
   */
  sync(request: SyncRequest, options?: SyncOptions): Promise<SyncReport>;
  /** The same without its caller where the server can do that, else as `sync` does. */
  detachSync(request: SyncRequest, options?: SyncOptions): Promise<DetachedSync>;
  /** How the server's own rules stand, or those of them that are named. */
  syncStatus(rules?: readonly string[], options?: SyncOptions): Promise<SyncStatus>;
}

/** Which of a server's rules run, and how. */
export type SyncRequest = z.input<typeof syncBody>;

export interface SyncOptions {
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
}

/** What became of a run that was not to be waited for. */
export type DetachedSync = { readonly started: StartedSync } | { readonly report: SyncReport };

/**
 * Makes an engine of a server. What the server would have thrown is thrown here, with code, side, hint and step; what it
 * refuses by itself, and what it does not answer, names its URL. Only `copy` and `sync` tell events, and what detaches.
 *
 * @throws ParseError for a URL or a token that cannot be used
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

  /** Calls, reads, and tells an abort from the trouble that it makes. */
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
      throw new NetworkError("reset", `${url}: the connection broke before the answer was whole`, {
        cause: error,
      });
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

  function didNotWait(what: string): CrossdockError {
    return new CrossdockError("registry", `${url} did not wait for ${what}, which it was to do`);
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
      throw didNotWait("a copy");
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
      throw didNotWait("rules");
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

    /** By all that the server tells of the image; there is no call for the digest alone. */
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

    /** All in one page: the server gathers them. */
    async *tags(repository, options = {}): AsyncGenerator<string[]> {
      const { tags } = await call(
        options,
        (how) => v1.tags.$get({ query: { repository } }, how),
        (answer) => readResult(answer, tagsSchema, server),
      );
      yield tags;
    },

    async verify(request, options = {}): Promise<Verification> {
      const { verify: _, ifExists: __, recheck: ___, ...json } = toCopyRequestInput(request);
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
  return new NetworkError(failure, `${url} does not answer${reason}`, {
    cause: isKnown ? error.cause : error,
    hint: HINTS[failure] ?? "check the URL, and that the server runs",
  });
}

const HINTS: { readonly [Failure in NetworkFailure]?: string } = {
  certificate: "this machine has to trust the server's certificate",
  not_tls: "the server seems to speak plain HTTP there; write http:// if that is meant",
};
