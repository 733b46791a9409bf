import { TextLineStream } from "@std/streams/text-line-stream";
import type * as z from "zod";
import { formatIssues } from "../schema.ts";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import type { CopyEvent } from "../copy/model.ts";
import { streamEventSchema, syncStreamEventSchema } from "../stream_events.ts";
import type { StreamEvent, SyncStreamEvent } from "../stream_events.ts";
import { findMistakes } from "./parse_json.ts";
import { limitLines } from "../streams/limit_lines.ts";
import { limitStreamSilence } from "../streams/silence.ts";
import { toProblemError } from "./problem_error.ts";

/** The longest event is a plan. At half a KiB per step, this is enough for about 60 000 steps. */
const MAX_EVENT_LENGTH = 32 * 1024 * 1024;

/** The server sends a heartbeat every five seconds, so six in a row are missing. */
const SILENCE_MS = 30_000;

const LOST = "the connection was lost before the report";
const HINT =
  "run it again: the server aborts this run, but content that has arrived is not sent again";

/** Options of {@linkcode readEvents} and {@linkcode readSyncEvents}. */
export interface ReadEventsOptions {
  /** The longest time without an event, in milliseconds. Default 30 000 */
  readonly silenceMs?: number | undefined;
}

/** A response whose body is a stream of events. */
interface EventsAnswer {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/**
 * Yields the events in the response to `POST /v1/copies` as they arrive. The last one is the report. Heartbeats are skipped.
 *
 * @throws CrossdockError the error of the copy if it failed; `network` if the response ends before the report; `timeout` if no
 *   event arrives in time; `registry` for an invalid event
 */
export function readEvents(
  answer: EventsAnswer,
  options: ReadEventsOptions = {},
): AsyncGenerator<CopyEvent> {
  return readStream(answer, streamEventSchema, options);
}

/**
 * Yields the events in the response to `POST /v1/syncs` as they arrive. The last one is the report. Heartbeats are skipped.
 *
 * @throws CrossdockError as {@linkcode readEvents} does. Failures of single tags are in the report.
 */
export function readSyncEvents(
  answer: EventsAnswer,
  options: ReadEventsOptions = {},
): AsyncGenerator<Exclude<SyncStreamEvent, Unread>> {
  return readStream(answer, syncStreamEventSchema, options);
}

/** Events that are not yielded. */
type Unread = { type: "heartbeat" } | { type: "error" };

async function* readStream<Event extends StreamEvent | SyncStreamEvent>(
  { body }: EventsAnswer,
  schema: z.ZodType<Event>,
  { silenceMs = SILENCE_MS }: ReadEventsOptions,
): AsyncGenerator<Exclude<Event, Unread>> {
  if (body === null) throw new NetworkError("reset", LOST, { hint: HINT });
  const toSilence = (): Error =>
    new SilenceError("wait for the server's next event", silenceMs, { hint: HINT });
  const lines = limitStreamSilence(body, silenceMs, toSilence)
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(limitLines(MAX_EVENT_LENGTH))
    .pipeThrough(new TextLineStream());
  try {
    for await (const line of lines) {
      const event = parseEvent(line, schema);
      if (!event) continue;
      if (event.type === "error") throw toProblemError(event.problem);
      if (event.type === "heartbeat") continue;
      yield event as Exclude<Event, Unread>;
      if (event.type === "report") return;
    }
  } catch (error) {
    if (error instanceof CrossdockError) throw error;
    if (error instanceof RangeError) throw notEvents(error);
    throw new NetworkError("reset", LOST, { cause: error, hint: HINT });
  }
  throw new NetworkError("reset", LOST, { hint: HINT });
}

/** Returns `undefined` for an unknown type of event: a newer server can send it. */
function parseEvent<Event>(line: string, schema: z.ZodType<Event>): Event | undefined {
  let value;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw notEvents(error);
  }
  const mistakes = findMistakes(value, schema);
  if (mistakes.length === 0) return value;
  const isNew = mistakes.every(({ code, path }) =>
    code === "invalid_union" && path.at(-1) === "type"
  );
  if (isNew) return undefined;
  throw notEvents(new Error(formatIssues(mistakes)));
}

function notEvents(cause: unknown): CrossdockError {
  return new CrossdockError("registry", "read the server's events: a line is not a valid event", {
    cause,
    hint: "check that the server has the same version as this client",
  });
}
