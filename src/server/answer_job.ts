import type { Context, TypedResponse } from "hono";
import { chooseMediaType } from "./accept.ts";
import type { AppEnv, AppOptions } from "./app_options.ts";
import { streamEvents } from "./event_stream.ts";
import type { StreamedEvent } from "./event_stream.ts";
import { RequestError } from "../problem.ts";
import { watchCall } from "./watch_call.ts";
import type { Call } from "./watch_call.ts";

/** In the order of preference. Clients that accept everything, as curl does, get the first. */
const MEDIA_TYPES = ["application/x-ndjson", "text/event-stream", "application/json"] as const;

/** A call whose job takes as long as its copies. */
export interface Job<Result> {
  /** Runs the job. Its last event is the result. */
  readonly run: (send: (event: StreamedEvent) => void, call: Call) => Promise<Result>;
  /** Responds with the result as JSON, with a status that tells success from failure. */
  readonly toResponse: (result: Result) => Response;
}

/**
 * Runs a job within its request, as soon as the number of running copies permits. The format depends on `Accept`: NDJSON and
 * server-sent events stream the events of the job, JSON is one response at its end. The job's signal is aborted when the client
 * disconnects.
 *
 * @throws RequestError 406 if the client accepts none of the formats. Nothing has run then
 * @throws the error of the job, in JSON only. In a stream it is the last event
 */
export async function answerJob<Result>(
  context: Context<AppEnv>,
  options: AppOptions,
  { run, toResponse }: Job<Result>,
): Promise<Response & TypedResponse<ReadableStream<Uint8Array>, 200, "body">> {
  const { now, background, stopSignal, limitCopies } = options;
  const mediaType = chooseMediaType(context.req.header("accept"), MEDIA_TYPES) ?? notAcceptable();
  const call = watchCall(context, options);
  const leave = await limitCopies?.(call.signal);
  if (mediaType === "application/json") {
    const running = run(() => {}, call).finally(leave);
    // `await` below handles a failure; the host only waits for the end of the job.
    background?.(running.catch(() => {}));
    const response = toResponse(await running);
    response.headers.set("cache-control", "no-store");
    // The types of the client know the stream only.
    return response as Response & TypedResponse<ReadableStream<Uint8Array>, 200, "body">;
  }
  const events = streamEvents(
    async (send, signal) => void await run(send, { ...call, signal }).finally(leave),
    {
      format: mediaType === "text/event-stream" ? "sse" : "ndjson",
      now,
      background,
      signal: stopSignal,
    },
  );
  return context.body(events, 200, {
    "content-type": mediaType,
    "cache-control": "no-store",
    // Without it, nginx buffers the events.
    "x-accel-buffering": "no",
  });
}

function notAcceptable(): never {
  throw new RequestError("usage", `Accept allows none of ${MEDIA_TYPES.join(", ")}`, {
    status: 406,
    title: "Not acceptable",
    hint: "send Accept: application/json for one response at the end",
  });
}
