/** Streams the events of a job as a response body: NDJSON or server-sent events. */
import { CrossdockError } from "../errors.ts";
import { toProblem } from "../problem.ts";
import type { StreamEvent, SyncStreamEvent } from "../stream_events.ts";

/** The format of the body. */
type StreamFormat = "ndjson" | "sse";

/** An event in a streamed response. */
export type StreamedEvent = StreamEvent | SyncStreamEvent;

export interface EventStreamOptions {
  readonly format: StreamFormat;
  /**
   * A heartbeat is sent after this time without another event, in milliseconds, so that no proxy closes the connection as idle.
   * Default 5000.
   */
  readonly heartbeatMs?: number;
  /** Aborted when the host stops. */
  readonly signal?: AbortSignal | undefined;
  readonly now: () => number;
  /** Keeps the host alive until the job has ended. */
  readonly background?: ((job: Promise<unknown>) => void) | undefined;
}

/** Idle timeouts are 30 s or more in proxies and 10 s in Bun. */
const HEARTBEAT_MS = 5000;

/** Shortest time between two progress events of one blob. */
const PROGRESS_MS = 250;

/**
 * Runs `job` and returns a body with the events that it emits. If the job fails, the last event is `error`. The job's signal is
 * aborted when the client disconnects.
 */
export function streamEvents(
  job: (emit: (event: StreamedEvent) => void, signal: AbortSignal) => Promise<void>,
  options: EventStreamOptions,
): ReadableStream<Uint8Array> {
  const { format, heartbeatMs = HEARTBEAT_MS, now } = options;
  const disconnect = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, disconnect.signal])
    : disconnect.signal;
  const encoder = new TextEncoder();
  const lastProgress = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  return new ReadableStream<Uint8Array>({
    start(controller): void {
      const resetHeartbeat = (): void => {
        clearTimeout(timer);
        timer = setTimeout(send, heartbeatMs, { type: "heartbeat" });
      };
      const send = (event: StreamedEvent): void => {
        if (disconnect.signal.aborted) return;
        controller.enqueue(encoder.encode(format === "sse" ? toSse(event) : toLine(event)));
        resetHeartbeat();
      };
      const emit = (event: StreamedEvent): void => {
        const progress = findProgress(event);
        if (!progress) return send(event);
        const { blob, isComplete } = progress;
        const isDue = now() - (lastProgress.get(blob) ?? 0) >= PROGRESS_MS;
        // A client that reads slowly misses only progress events.
        if ((!isDue && !isComplete) || (controller.desiredSize ?? 0) < 0) return;
        lastProgress.set(blob, now());
        send(event);
      };
      resetHeartbeat();
      const ended = job(emit, signal)
        .catch((error) => send({ type: "error", problem: toProblem(error) }))
        .finally(() => {
          clearTimeout(timer);
          if (!disconnect.signal.aborted) controller.close();
        });
      options.background?.(ended);
    },
    cancel(): void {
      clearTimeout(timer);
      disconnect.abort(clientDisconnected());
    },
  }, new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }));
}

/** The blob of a progress event, and whether it was sent completely. `undefined` for other events. */
function findProgress(event: StreamedEvent): { blob: string; isComplete: boolean } | undefined {
  const copyEvent = event.type === "copy" ? event.event : event;
  if (copyEvent.type !== "progress") return undefined;
  const { digest, bytes, sizeBytes } = copyEvent;
  // Several copies may send the same blob at the same time.
  const blob = event.type === "copy" ? `${event.destination} ${digest}` : digest;
  return { blob, isComplete: bytes >= sizeBytes };
}

function toLine(event: StreamedEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** Formats a server-sent event. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function toSse(event: StreamedEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** The abort reason of a call whose client disconnected. */
export function clientDisconnected(): CrossdockError {
  return new CrossdockError("aborted", "the client disconnected");
}
