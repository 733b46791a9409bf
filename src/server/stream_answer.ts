import type { Context, TypedResponse } from "hono";
import type { AppEnv, AppOptions } from "./app_options.ts";
import { STREAM_HEADERS, streamEvents } from "./event_stream.ts";
import type { StreamedEvent } from "./event_stream.ts";
import { watchCall } from "./watch_call.ts";
import type { Call } from "./watch_call.ts";

/**
 * Whether `Accept` contains `text/event-stream`, in any case and not with a quality of 0.
 * https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
 */
function acceptsSse(accept = ""): boolean {
  return accept.split(",").some((range) =>
    /^\s*text\/event-stream\s*(;|$)/i.test(range) && !/;\s*q=0(\.0*)?\s*(;|$)/i.test(range)
  );
}

/**
 * Runs a job within its request and streams its events: server-sent events if `Accept` contains `text/event-stream`, otherwise
 * NDJSON. The job's signal is aborted when the client disconnects.
 */
export function streamAnswer(
  context: Context<AppEnv>,
  options: AppOptions,
  job: (send: (event: StreamedEvent) => void, call: Call) => Promise<void>,
): Response & TypedResponse<ReadableStream<Uint8Array>, 200, "body"> {
  const { now, background, stopSignal } = options;
  const format = acceptsSse(context.req.header("accept")) ? "sse" : "ndjson";
  const call = watchCall(context, options);
  const events = streamEvents(
    (send, signal) => job(send, { ...call, signal }),
    { format, now, background, signal: stopSignal },
  );
  return context.body(events, 200, {
    ...STREAM_HEADERS[format],
    "cache-control": "no-store",
    // Without it, nginx buffers the events.
    "x-accel-buffering": "no",
  });
}
