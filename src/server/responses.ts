/** Parts that routes share in the OpenAPI document. */
import * as z from "zod";
import { toSse } from "./event_stream.ts";
import type { StreamedEvent } from "./event_stream.ts";
import { PROBLEM_EXAMPLES } from "./examples.ts";
import type { ProblemStatus } from "./examples.ts";
import { problemSchema } from "../problem.ts";

/**
 * Values by name, as OpenAPI writes them. An answer's example has the name of the request's example that it is the answer to;
 * a test sends each of these and compares.
 */
type Examples = Readonly<Record<string, { readonly value: unknown }>>;

type Content<MediaType extends string, Schema> = {
  readonly [Type in MediaType]: { readonly schema: Schema; readonly examples: Examples };
};

interface Answer<Headers, Content> {
  readonly description: string;
  readonly headers: Headers;
  readonly content: Content;
}

type JsonContent<Schema> = Content<"application/json", Schema>;
type ProblemContent = Content<"application/problem+json", typeof problemSchema>;

/** The headers of every answer. */
export const everyAnswer = z.object({
  "X-Request-Id": z.string().meta({
    description: "the caller's, or one that was made here; the log has it",
  }),
});

/** Examples by name, from bare values. */
export function toExamples(values: Readonly<Record<string, unknown>>): Examples {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));
}

/** What a parameter's schema says besides, so that the document has examples of it. */
export function parameterExamples(
  values: Readonly<Record<string, string>>,
): { readonly param: { readonly examples: Examples } } {
  return { param: { examples: toExamples(values) } };
}

/** A JSON answer, with examples by the names of their requests. */
export function json<Schema extends z.ZodType>(
  description: string,
  schema: Schema,
  examples: Readonly<Record<string, z.output<Schema>>>,
): Answer<typeof everyAnswer, JsonContent<Schema>> {
  return {
    description,
    headers: everyAnswer,
    content: { "application/json": { schema, examples: toExamples(examples) } },
  };
}

/** An answer that is a stream of events, with the last of them as an example, by the name of its request. */
export function eventStream<Schema extends z.ZodType<StreamedEvent>>(
  schema: Schema,
  last: Readonly<Record<string, z.output<Schema>>>,
): Answer<
  typeof everyAnswer,
  Content<"application/x-ndjson", Schema> & Content<"text/event-stream", z.ZodString>
> {
  const asText = Object.entries(last).map(([name, event]) => [name, toSse(event)]);
  return {
    description:
      "Events: one a line of JSON, or server-sent ones where `Accept` has `text/event-stream`. The schema is that of one " +
      "event. After 5 s in which nothing else happened there is a `heartbeat`.",
    headers: everyAnswer,
    content: {
      "application/x-ndjson": { schema, examples: toExamples(last) },
      "text/event-stream": { schema: z.string(), examples: toExamples(Object.fromEntries(asText)) },
    },
  };
}

/** A JSON body that has to be there, with examples by name. */
export function body<Schema extends z.ZodType>(
  schema: Schema,
  examples: Readonly<Record<string, z.input<Schema>>>,
): { readonly required: true; readonly content: JsonContent<Schema> } {
  return {
    required: true,
    content: { "application/json": { schema, examples: toExamples(examples) } },
  };
}

function problem(
  status: ProblemStatus,
  description: string,
  headers: z.ZodRawShape = {},
): Answer<z.ZodObject, ProblemContent> {
  const example = PROBLEM_EXAMPLES[status];
  return {
    description,
    headers: everyAnswer.extend(headers),
    content: {
      "application/problem+json": {
        schema: problemSchema,
        examples: toExamples({ [example.code]: example }),
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
