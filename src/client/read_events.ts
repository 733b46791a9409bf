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

/** The longest event is a plan: with half a KiB a step this is room for some 60 000. */
const MAX_EVENT_LENGTH = 32 * 1024 * 1024;

/** Heartbeats come every five seconds: six of them got lost. */
const SILENCE_MS = 30_000;

const BROKEN = "the connection broke before the report";
const HINT = "the server stops when it notices; do it again, what has arrived is kept";

/** How an answer of events is read. */
export interface ReadEventsOptions {
  /** The longest silence, in milliseconds. Default 30 000 */
  readonly silenceMs?: number | undefined;
}

/** An answer whose body is events. */
interface EventsAnswer {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/**
 * Reads the answer to `POST /v1/copies` event by event, as they come. The last one is the report; heartbeats are left out.
 *
 * @throws CrossdockError the copy's own, if it failed; `network` if the answer ends too early; `timeout` for silence; `registry`
 *   for anything but events
 */
export function readEvents(
  answer: EventsAnswer,
  options: ReadEventsOptions = {},
): AsyncGenerator<CopyEvent> {
  return readStream(answer, streamEventSchema, options);
}

/**
 * Reads the answer to `POST /v1/syncs` event by event, as they come. The last one is the report; heartbeats are left out.
 *
 * @throws CrossdockError as {@linkcode readEvents} does; what failed of a rule is in the report
 */
export function readSyncEvents(
  answer: EventsAnswer,
  options: ReadEventsOptions = {},
): AsyncGenerator<Exclude<SyncStreamEvent, Unread>> {
  return readStream(answer, syncStreamEventSchema, options);
}

/** Events that whoever reads never sees. */
type Unread = { type: "heartbeat" } | { type: "error" };

async function* readStream<Event extends StreamEvent | SyncStreamEvent>(
  { body }: EventsAnswer,
  schema: z.ZodType<Event>,
  { silenceMs = SILENCE_MS }: ReadEventsOptions,
): AsyncGenerator<Exclude<Event, Unread>> {
  if (body === null) throw new NetworkError("reset", BROKEN, { hint: HINT });
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
    throw new NetworkError("reset", BROKEN, { cause: error, hint: HINT });
  }
  throw new NetworkError("reset", BROKEN, { hint: HINT });
}

/** `undefined` for an event of a type that only a newer server knows. */
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
  return new CrossdockError("registry", "read the server's events: a line is not an event", {
    cause,
    hint: "the server may be of another version",
  });
}
