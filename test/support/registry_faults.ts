/** Things that go wrong on demand. */

import { matchesPath } from "./registry_records.ts";
import { ConnectionCut } from "./serve.ts";

/** Which requests fail, and how. */
export interface FaultRule {
  /** Default: any. */
  method?: string;
  /** A part of the path (the query does not count), or a pattern for it. Default: any. */
  path?: string | RegExp;
  /** How often it happens. Default: 1. */
  times?: number;
  /** How many matching requests pass before it happens. Default: 0. */
  after?: number;
  action: FaultAction;
}

export type FaultAction =
  /** Answers with this; the registry never sees the request. */
  | { status: number; headers?: Record<string, string>; body?: string }
  /** Sends elsewhere. Status: 307 by default. */
  | { redirect: string | ((request: Request) => string); status?: number }
  /** Cuts the connection after so many bytes of the response body. */
  | { cutAfterBytes: number }
  /** Goes silent after so many bytes of the response body. */
  | { hangAfterBytes: number }
  /** Cuts the connection once more than so many bytes of the request body were read. */
  | { cutRequestAfterBytes: number }
  /** Waits, then goes on as usual. */
  | { delayMs: number }
  /** Never answers. */
  | { hang: true }
  /** Hangs up without an answer. */
  | { dropConnection: true }
  /** Changes the answer. */
  | { tamper: (response: Response) => Response | Promise<Response> };

/** What became of a rule. */
export interface Fault {
  /** How often it happened. */
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

  clear(): void {
    this.#armed.length = 0;
  }

  /** The first rule that is due for the request. All others that match have seen it pass. */
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

/** Handles a request as usual, but for what the action does to it. `handle` takes the body to read. */
export async function actOut(
  action: FaultAction | undefined,
  request: Request,
  body: Stream | null,
  handle: (body: Stream | null) => Promise<Response>,
): Promise<Response> {
  if (action === undefined) return await handle(body);
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

/** Passes `count` bytes, then does what `end` does. A stream that is not longer ends as it would have. */
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
