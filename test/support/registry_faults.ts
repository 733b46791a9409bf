/** Faults that a test injects into the embedded registry. */

import { matchesPath } from "./registry_records.ts";
import { ConnectionCut } from "./serve.ts";

/** Which requests fail, and how. */
export interface FaultRule {
  /** Default: every method. */
  method?: string;
  /** A part of the path without its query, or a pattern for it. Default: every path. */
  path?: string | RegExp;
  /** How many requests fail. Default: 1. */
  times?: number;
  /** How many matching requests pass before the first one fails. Default: 0. */
  after?: number;
  /** Whether the test passes if no request fails. Default: false, and closing the registry throws. */
  optional?: boolean;
  action: FaultAction;
}

export type FaultAction =
  /** Responds with this status and does not handle the request. */
  | { status: number; headers?: Record<string, string>; body?: string }
  /** Redirects. Default status: 307. */
  | { redirect: string | ((request: Request) => string); status?: number }
  /** Cuts the connection after this many bytes of the response body. */
  | { cutAfterBytes: number }
  /** Sends nothing more after this many bytes of the response body, and keeps the connection open. */
  | { hangAfterBytes: number }
  /** Cuts the connection when it has read more than this many bytes of the request body. */
  | { cutRequestAfterBytes: number }
  /** Waits, then handles the request. */
  | { delayMs: number }
  /** Never responds. */
  | { hang: true }
  /** Cuts the connection without a response. */
  | { dropConnection: true }
  /** Changes the response. */
  | { tamper: (response: Response) => Response | Promise<Response> };

/** A fault that was injected. */
export interface Fault {
  /** How many requests it made fail. */
  readonly hits: number;
}

type Stream = ReadableStream<Uint8Array<ArrayBuffer>>;

interface ArmedRule {
  readonly rule: FaultRule;
  seen: number;
  hits: number;
}

export class Faults {
  readonly #armed: ArmedRule[] = [];

  add(rule: FaultRule): Fault {
    const armed: ArmedRule = { rule, seen: 0, hits: 0 };
    this.#armed.push(armed);
    return armed;
  }

  /**
   * Removes all rules.
   *
   * @throws an Error if one of them made no request fail: a test that injects it would pass without it.
   */
  clear(): void {
    const unused = this.#armed.splice(0).filter(({ rule, hits }) => hits === 0 && !rule.optional);
    if (unused.length === 0) return;
    const rules = unused.map(({ rule: { action, method = "", path = "" } }) =>
      `${method} ${path} ${Object.keys(action)}`
    );
    throw new Error(`no request was hit by the fault ${rules.join(", ")}`);
  }

  /** The first rule that is due for the request. Counts the request for all rules that match it. */
  next(method: string, path: string): FaultAction | undefined {
    let due: ArmedRule | undefined;
    for (const armed of this.#armed) {
      const { method: wanted, path: pattern, after = 0, times = 1 } = armed.rule;
      if (wanted !== undefined && wanted !== method) continue;
      if (!matchesPath(path, pattern)) continue;
      armed.seen++;
      if (due === undefined && armed.seen > after && armed.hits < times) due = armed;
    }
    if (due !== undefined) due.hits++;
    return due?.rule.action;
  }
}

/** Handles a request and applies the action to it. `handle` gets the request body that it should read. */
export async function actOut(
  action: FaultAction | undefined,
  request: Request,
  body: Stream | null,
  handle: (body: Stream | null) => Promise<Response>,
): Promise<Response> {
  if (action === undefined) return await handle(body);
  // Most servers read what they reject. On Bun, the client would not see the response otherwise.
  if ("redirect" in action || "status" in action) await body?.pipeTo(new WritableStream());
  if ("redirect" in action) {
    const { redirect, status = 307 } = action;
    const location = typeof redirect === "string" ? redirect : redirect(request);
    return new Response(null, { status, headers: { location } });
  }
  if ("status" in action) {
    return new Response(action.body ?? null, {
      status: action.status,
      headers: action.headers ?? {},
    });
  }
  if ("cutAfterBytes" in action) {
    return withBody(await handle(body), (stream) => endAfter(stream, action.cutAfterBytes, cut));
  }
  if ("hangAfterBytes" in action) {
    return withBody(await handle(body), (stream) => endAfter(stream, action.hangAfterBytes, hang));
  }
  if ("cutRequestAfterBytes" in action) {
    return await handle(body && endAfter(body, action.cutRequestAfterBytes, cut));
  }
  if ("delayMs" in action) {
    await sleep(action.delayMs, request.signal);
    return await handle(body);
  }
  if ("tamper" in action) return await action.tamper(await handle(body));
  if ("hang" in action) return await untilGone(request.signal);
  return cut();
}

function cut(): never {
  throw new ConnectionCut("cut on purpose");
}

function hang(): Promise<never> {
  return new Promise(() => {});
}

function untilGone(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  try {
    await Promise.race([pause, untilGone(signal)]);
  } finally {
    clearTimeout(timer);
  }
}

function withBody(response: Response, change: (body: Stream) => Stream): Response {
  return response.body === null ? response : new Response(change(response.body), response);
}

/** Passes `count` bytes on, then calls `end`. A stream that is not longer ends normally. */
function endAfter(stream: Stream, count: number, end: () => Promise<never>): Stream {
  const reader = stream.getReader();
  let left = count;
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      if (value.length <= left) {
        left -= value.length;
        return controller.enqueue(value);
      }
      if (left > 0) {
        controller.enqueue(value.subarray(0, left));
        left = 0;
      }
      await end();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
