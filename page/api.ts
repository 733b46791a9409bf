/** Calls of the server's API. The page trusts the answers of its own server, so it has no schemas. */
import type { Problem } from "../src/problem.ts";
import type { StreamEvent, SyncStreamEvent } from "../src/stream_events.ts";

/** A call that failed: the server's problem, or a lost connection. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title);
    this.problem = problem;
  }
}

interface CallOptions {
  readonly method?: "GET" | "POST" | "DELETE";
  /** A list gives the parameter several times. */
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export type AnyEvent = StreamEvent | SyncStreamEvent;

export interface Api {
  /**
   * Sends a request, and returns the JSON of its response.
   *
   * @throws CallError
   */
  call<Value>(path: string, options?: CallOptions): Promise<Value>;
  /**
   * Sends a request, and yields the events of its response until the report.
   *
   * @throws CallError for a failure, a connection that is lost before the report, and 30 s without an event
   */
  stream<Event extends AnyEvent>(path: string, options: CallOptions): AsyncGenerator<Event>;
}

/** The server sends a heartbeat every five seconds, so six in a row are missing. */
const SILENCE_MS = 30_000;

/**
 * @param token the bearer token. Default: none, for a server that needs none
 * @param onUnauthorized called when the server rejects the token
 * @param onReach called with whether the server has answered
 */
export function createApi(
  { token, onUnauthorized, onReach }: {
    readonly token?: string;
    readonly onUnauthorized: () => void;
    readonly onReach: (isReached: boolean) => void;
  },
): Api {
  async function send(path: string, options: CallOptions, accept: string): Promise<Response> {
    const { query = {}, body, headers = {}, signal } = options;
    const { method = body === undefined ? "GET" : "POST" } = options;
    const parameters = new URLSearchParams(
      Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [value].flat().map((one) => [name, one])
      ),
    );
    const url = `${path}${parameters.size > 0 ? `?${parameters}` : ""}`;
    const response = await fetch(url, {
      method,
      headers: {
        accept,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ?? null,
      credentials: "omit",
      cache: "no-store",
    }).catch((error) => {
      signal?.throwIfAborted();
      onReach(false);
      throw lost(`no response from the server: ${error.message}`);
    });
    const problem = response.ok ? undefined : await readProblem(response);
    onReach(!problem || !isLostConnection(problem));
    if (!problem) return response;
    if (response.status === 401) onUnauthorized();
    throw new CallError(problem);
  }

  return {
    async call<Value>(path: string, options: CallOptions = {}): Promise<Value> {
      const response = await send(path, options, "application/json");
      return await response.json().catch(() => {
        options.signal?.throwIfAborted();
        throw lost("the response of the server is incomplete or no JSON");
      });
    },
    async *stream<Event extends AnyEvent>(
      path: string,
      options: CallOptions,
    ): AsyncGenerator<Event> {
      const response = await send(path, options, "application/x-ndjson");
      for await (const line of readLines(response, options.signal)) {
        const event = parseEvent(line);
        if (event.type === "heartbeat") continue;
        if (event.type === "error") throw new CallError(event.problem);
        yield event as Event;
        if (event.type === "report") return;
      }
      throw lost("the connection was lost before the report");
    },
  };
}

async function readProblem(response: Response): Promise<Problem> {
  const { status, headers } = response;
  const text = await response.text().catch(() => "");
  if (/^application\/(problem\+)?json/.test(headers.get("content-type") ?? "")) {
    try {
      const seconds = Number(headers.get("retry-after"));
      return { ...(seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}), ...JSON.parse(text) };
    } catch {
      // Something in front of the server cut the response.
    }
  }
  return toProblem(`HTTP ${status} from ${location.host}, and not from crossdock`, status);
}

async function* readLines(
  { body }: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    while (reader) {
      const { done, value } = await withinSilence(reader.read());
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      yield* lines.filter((line) => line !== "");
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof CallError ? error : lost("the connection was lost before the report");
  } finally {
    reader?.cancel().catch(() => {});
  }
  if (rest !== "") yield rest;
}

function withinSilence<Value>(promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lost("nothing from the server for 30 seconds")), SILENCE_MS);
  });
  return Promise.race([promise, silence]).finally(() => clearTimeout(timer));
}

function parseEvent(line: string): AnyEvent {
  try {
    return JSON.parse(line);
  } catch {
    throw lost("the connection was lost within an event");
  }
}

/** The type of problems that no server has sent. */
const OWN_TYPE = "about:blank";

function lost(detail: string): CallError {
  return new CallError(toProblem(detail, 0));
}

function toProblem(detail: string, status: number): Problem {
  return {
    type: OWN_TYPE,
    title: "The server cannot be reached",
    status,
    code: "network",
    detail,
    hint:
      "check whether the server runs, then try again; content that has arrived is not sent again",
  };
}

/** Whether there was no response, or only one of a proxy in front of the server. */
export function isLostConnection({ type, code }: Problem): boolean {
  return type === OWN_TYPE && code === "network";
}

/** The problem of anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof CallError) return error.problem;
  return {
    type: OWN_TYPE,
    title: "This page has a fault",
    status: 0,
    code: "internal",
    detail: error instanceof Error ? error.message : String(error),
  };
}
