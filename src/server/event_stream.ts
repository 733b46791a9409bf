/** A job's events as the body of an answer: NDJSON, or server-sent events. */
import { CrossdockError } from "../errors.ts";
import { toProblem } from "../problem.ts";
import type { StreamEvent, SyncStreamEvent } from "../stream_events.ts";

/** How events are written. */
export type StreamFormat = "ndjson" | "sse";

/** What such a body is made of. */
export type StreamedEvent = StreamEvent | SyncStreamEvent;

export interface EventStreamOptions {
  readonly format: StreamFormat;
  /** Sent after this long without any other event, in milliseconds, so that nothing between takes the line for dead. */
  readonly heartbeatMs?: number;
  /** Aborted when the host stops. */
  readonly signal?: AbortSignal | undefined;
  readonly now: () => number;
  /** Keeps the host alive until the job has ended. */
  readonly background?: ((job: Promise<unknown>) => void) | undefined;
}

/** Proxies cut silent connections after 30 s and more, Bun after 10. */
const HEARTBEAT_MS = 5000;

/** A blob's progress is told no more often. */
const PROGRESS_MS = 250;

/** The headers of an answer whose body is such a stream. */
export const STREAM_HEADERS = {
  ndjson: { "content-type": "application/x-ndjson" },
  sse: { "content-type": "text/event-stream" },
} as const;

/**
 * Runs `job` and gives what it emits as a body. The last event is what the job itself emits last, or an error. The signal that
 * the job gets is aborted when the client goes away.
 */
export function streamEvents(
  job: (emit: (event: StreamedEvent) => void, signal: AbortSignal) => Promise<void>,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const { format, heartbeatMs = HEARTBEAT_MS, now } = options;
  const gone = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, gone.signal]) : gone.signal;
  const encoder = new TextEncoder();
  const lastProgress = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  return new ReadableStream<Uint8Array>({
    start(controller): void {
      const rest = (): void => {
        clearTimeout(timer);
        timer = setTimeout(send, heartbeatMs, { type: "heartbeat" });
      };
      const send = (event: StreamedEvent): void => {
        if (gone.signal.aborted) return;
        controller.enqueue(encoder.encode(format === "sse" ? toSse(event) : toLine(event)));
        rest();
      };
      const emit = (event: StreamedEvent): void => {
        const progress = findProgress(event);
        if (!progress) return send(event);
        const { of, isWhole } = progress;
        const isDue = now() - (lastProgress.get(of) ?? 0) >= PROGRESS_MS;
        // A client that reads slowly misses progress, and nothing else.
        if ((!isDue && !isWhole) || (controller.desiredSize ?? 0) < 0) return;
        lastProgress.set(of, now());
        send(event);
      };
      rest();
      const ended = job(emit, signal)
        .catch((error) => send({ type: "error", problem: toProblem(error) }))
        .finally(() => {
          clearTimeout(timer);
          if (!gone.signal.aborted) controller.close();
        });
      options.background?.(ended);
    },
    cancel(): void {
      clearTimeout(timer);
      gone.abort(clientGone());
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }));
}

/** Which blob an event tells the progress of, if it does, and whether all of it has gone. */
function findProgress(event: StreamedEvent): { of: string; isWhole: boolean } | undefined {
  const told = event.type === "copy" ? event.event : event;
  if (told.type !== "progress") return undefined;
  const { digest, bytes, sizeBytes } = told;
  // Several copies may have the same blob on its way.
  const of = event.type === "copy" ? `${event.destination} ${digest}` : digest;
  return { of, isWhole: bytes >= sizeBytes };
}

function toLine(event: StreamedEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** Writes an event as a server-sent one. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function toSse(event: StreamedEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** Why a call was given up whose client did not wait for the answer. */
export function clientGone(): CrossdockError {
  return new CrossdockError("aborted", "the client went away");
}
