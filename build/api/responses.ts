/** Parts of the OpenAPI document that operations share: bodies, answers and problems, each with its examples. */
import * as z from "zod";
import { problemSchema } from "../../src/problem.ts";
import { toSse } from "../../src/server/event_stream.ts";
import type { StreamedEvent } from "../../src/server/event_stream.ts";
import { PROBLEM_EXAMPLES } from "./examples.ts";
import type { ProblemStatus } from "./examples.ts";

/**
 * Values by name. An example of an answer has the name of the example of the request that it answers: a test sends each request and
 * compares.
 */
export type Examples = Readonly<Record<string, unknown>>;

export interface Content {
  readonly schema: z.ZodType;
  readonly examples: Examples;
}

export interface Answer {
  readonly description: string;
  readonly headers: z.ZodObject;
  /** By media type. */
  readonly content: Readonly<Record<string, Content>>;
}

/** The headers of every answer. */
const everyAnswer = z.object({
  "X-Request-Id": z.string().meta({
    description: "the caller's, or one that was made here; the log has it",
  }),
});

/** An answer of one media type. */
export function answer(description: string, mediaType: string, content: Content): Answer {
  return { description, headers: everyAnswer, content: { [mediaType]: content } };
}

/** A JSON answer. */
export function json<Schema extends z.ZodType>(
  description: string,
  schema: Schema,
  examples: Readonly<Record<string, z.output<Schema>>>,
): Answer {
  return answer(description, "application/json", { schema, examples });
}

/** The 202 of a request with `Prefer: respond-async`. */
export function accepted(answer: Answer, location: string): Answer {
  return {
    ...answer,
    headers: everyAnswer.extend({
      Location: z.string().meta({ description: location }),
      "Preference-Applied": z.enum(["respond-async"]),
    }),
  };
}

/** An answer that is a stream of events, with the last of them as the example. */
export function eventStream<Schema extends z.ZodType<StreamedEvent>>(
  schema: Schema,
  last: Readonly<Record<string, z.output<Schema>>>,
): Answer {
  const asText = Object.entries(last).map(([name, event]) => [name, toSse(event)]);
  return {
    description:
      "Events: one a line of JSON, or server-sent ones where `Accept` has `text/event-stream`. The schema is that of one " +
      "event. After 5 s in which nothing else happened there is a `heartbeat`.",
    headers: everyAnswer,
    content: {
      "application/x-ndjson": { schema, examples: last },
      "text/event-stream": { schema: z.string(), examples: Object.fromEntries(asText) },
    },
  };
}

function problem(
  status: ProblemStatus,
  description: string,
  headers: z.ZodRawShape = {},
): Answer {
  const example = PROBLEM_EXAMPLES[status];
  return {
    description,
    headers: everyAnswer.extend(headers),
    content: {
      "application/problem+json": {
        schema: problemSchema,
        examples: { [example.code]: example },
      },
    },
  };
}

const retryAfter = z.string().regex(/^\d+$/).optional().meta({
  description: "seconds, where it is known",
});

const challenge = z.string().meta({ description: "RFC 6750" });

/** What every call under `/v1/` may be refused by. */
export const refusals = {
  400: problem(400, "Malformed: names the fields"),
  401: problem(401, "No token, or none that is known", { "WWW-Authenticate": challenge }),
  403: problem(
    403,
    "The token's scope or the allow-lists do not permit it, or a registry does not",
    { "WWW-Authenticate": challenge.optional() },
  ),
  429: problem(429, "Too many wrong tokens, or a registry's rate limit", {
    "Retry-After": retryAfter,
  }),
  500: problem(500, "A bug in crossdock"),
  503: problem(503, "The server is about to stop, or its configuration is wrong", {
    "Retry-After": retryAfter,
  }),
} as const;

/** What a call with a body may be refused by besides. */
export const bodyRefusals = {
  413: problem(413, "The body is too large"),
  415: problem(415, "The body is not JSON"),
} as const;

/** What a call that asks a registry may fail with besides. */
export const failures = {
  404: problem(404, "Not there"),
  422: problem(422, "The content cannot be copied as asked, or is above a limit"),
  502: problem(
    502,
    "A registry cannot be reached, refused its credential, or answered as it should not",
  ),
  504: problem(504, "A registry went silent"),
} as const;

/** What a call that is about a destination may fail with besides. */
export const conflicts = {
  409: problem(409, "The destination holds something else, or its tag is immutable"),
} as const;
