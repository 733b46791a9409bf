/** Parts of the OpenAPI document that operations share: bodies, responses and problems, each with examples. */
import * as z from "zod";
import { problemSchema } from "../../src/problem_schema.ts";
import { toSse } from "../../src/server/event_stream.ts";
import type { StreamedEvent } from "../../src/server/event_stream.ts";
import { PROBLEM_EXAMPLES } from "./examples.ts";
import type { ProblemStatus } from "./examples.ts";

/**
 * Values by name. The example of a response has the same name as the example of its request: a test sends each request and
 * compares the response.
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

/** The headers of every response. */
const everyAnswer = z.object({
  "X-Request-Id": z.string().meta({
    description: "the request's own `X-Request-Id`, or a generated one; the log contains it",
  }),
});

/** A response of one media type. */
export function answer(description: string, mediaType: string, content: Content): Answer {
  return { description, headers: everyAnswer, content: { [mediaType]: content } };
}

/** A JSON response. */
export function json<Schema extends z.ZodType>(
  description: string,
  schema: Schema,
  examples: Readonly<Record<string, z.output<Schema>>>,
): Answer {
  return answer(description, "application/json", { schema, examples });
}

/** The 202 response to a request with `Prefer: respond-async`. */
export function accepted(answer: Answer, location: string): Answer {
  return {
    ...answer,
    headers: everyAnswer.extend({
      Location: z.string().meta({ description: location }),
      "Preference-Applied": z.enum(["respond-async"]),
    }),
  };
}

/** The result of a job: the events of a stream, or the report alone. The examples of a stream are its last event. */
export function jobResult<
  Event extends z.ZodType<StreamedEvent>,
  Result extends z.ZodType,
>(
  schemas: { readonly event: Event; readonly report: Result },
  examples: Readonly<Record<string, z.output<Result>>>,
): Answer {
  const events = Object.entries(examples).map(([name, report]) =>
    [name, { type: "report", report } as StreamedEvent] as const
  );
  return {
    description:
      "`Accept` selects the format. By default, and with `application/x-ndjson`, the response is a stream of events, one JSON object " +
      "per line; with `text/event-stream` it is a stream of server-sent events. The schema describes one event. After 5 s without " +
      "another event, the server sends a `heartbeat`. With `application/json` the response is the report alone, at the end.",
    headers: everyAnswer,
    content: {
      "application/x-ndjson": { schema: schemas.event, examples: Object.fromEntries(events) },
      "text/event-stream": {
        schema: z.string(),
        examples: Object.fromEntries(events.map(([name, event]) => [name, toSse(event)])),
      },
      "application/json": { schema: schemas.report, examples },
    },
  };
}

function problem(
  status: ProblemStatus,
  description: string,
  headers: z.ZodRawShape = {},
): Answer {
  const examples = PROBLEM_EXAMPLES[status].map((example) => [example.code, example]);
  return {
    description,
    headers: everyAnswer.extend(headers),
    content: {
      "application/problem+json": {
        schema: problemSchema,
        examples: Object.fromEntries(examples),
      },
    },
  };
}

const retryAfter = z.string().regex(/^\d+$/).optional().meta({
  description: "seconds to wait, if known",
});

const challenge = z.string().meta({ description: "the challenge, RFC 6750" });

/** Problems that every call under `/v1/` can return. */
export const refusals = {
  400: problem(400, "The request is invalid; `errors` lists the fields"),
  401: problem(401, "The token is missing or invalid", { "WWW-Authenticate": challenge }),
  403: problem(
    403,
    "The token's scope, the allow-lists or a registry deny the request",
    { "WWW-Authenticate": challenge.optional() },
  ),
  413: problem(413, "The body is too large"),
  429: problem(429, "Too many invalid tokens, or a registry's rate limit", {
    "Retry-After": retryAfter,
  }),
  500: problem(500, "A bug in crossdock"),
  503: problem(503, "The server is busy or shutting down, or its configuration is invalid", {
    "Retry-After": retryAfter,
  }),
} as const;

/** Further problems of calls with a body. */
export const bodyRefusals = {
  408: problem(408, "The body did not arrive in time"),
  415: problem(415, "The body is not JSON"),
} as const;

/** A further problem of calls whose response has several formats. */
export const formatRefusals = {
  406: problem(406, "`Accept` allows none of the formats of the response"),
} as const;

/** Further problems of calls that send requests to registries. */
export const failures = {
  404: problem(404, "Not found"),
  409: problem(
    409,
    "The destination has different content, its tag is immutable, or a registry answered 409",
  ),
  422: problem(422, "The content cannot be copied as requested, or exceeds a limit"),
  502: problem(
    502,
    "A registry is unreachable, rejected the credential, or returned an unexpected response",
  ),
  504: problem(504, "A registry did not respond in time"),
} as const;
