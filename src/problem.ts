/** Errors as problem details: the one place that knows which status an error has. https://www.rfc-editor.org/rfc/rfc9457 */
import * as z from "zod";
import { CopyError } from "./copy/copy_error.ts";
import { stepSchema, withoutContent } from "./copy/step.ts";
import { CrossdockError, ParseError, SIDES } from "./errors.ts";
import type { ErrorCode } from "./errors.ts";
import { immutable } from "./schema.ts";

/**
 * What each code means to a client: the engine's codes, and what only a server can say. What a registry did not do is a bad
 * gateway; what the caller can mend is not.
 */
export const PROBLEMS = {
  usage: { status: 400, title: "The request cannot be used" },
  unauthorized: { status: 502, title: "A credential is missing or was not accepted" },
  denied: { status: 403, title: "Not allowed" },
  not_found: { status: 404, title: "Not found" },
  conflict: { status: 409, title: "The destination holds something else" },
  unsupported: { status: 422, title: "The content cannot be copied as asked" },
  limit: { status: 422, title: "Above a limit" },
  integrity: { status: 502, title: "Bytes do not match their digest or size" },
  network: { status: 502, title: "A registry cannot be reached" },
  tls: { status: 502, title: "TLS with a registry failed" },
  timeout: { status: 504, title: "A registry went silent" },
  rate_limited: { status: 429, title: "Too many requests" },
  registry: { status: 502, title: "A registry answered as it should not" },
  aborted: { status: 503, title: "Stopped" },
  internal: { status: 500, title: "A bug in crossdock" },
} as const satisfies Readonly<Record<ErrorCode | "internal", { status: number; title: string }>>;

export type ProblemCode = keyof typeof PROBLEMS;

export const problemSchema = immutable(
  z.object({
    type: z.string().meta({ description: "`urn:crossdock:problem:` and the code" }),
    title: z.string().meta({ description: "the code in words" }),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: "what happened" }),
    code: z.enum(Object.keys(PROBLEMS) as ProblemCode[]),
    side: z.enum(SIDES).optional().meta({ description: "the registry meant" }),
    hint: z.string().optional().meta({ description: "what to do next" }),
    retryAfterMs: z.number().nonnegative().optional().meta({
      description: "how long a registry asked to be left alone, in milliseconds",
    }),
    errors: z.array(z.object({
      pointer: z.string().optional().meta({
        description: "JSON pointer into the body: `#/source`",
      }),
      parameter: z.string().optional().meta({ description: "of the path, the query or a header" }),
      detail: z.string(),
    })).optional().meta({ description: "the parts of the request that are wrong" }),
    step: stepSchema.optional().meta({ description: "the step that failed" }),
    requestId: z.string().optional().meta({ description: "as in `X-Request-Id`" }),
  }).meta({ id: "Problem", description: "Problem details, RFC 9457" }),
);

export type Problem = z.output<typeof problemSchema>;

/** A wrong part of a request. */
export type FieldMistake = NonNullable<Problem["errors"]>[number];

/** Refuses a request before anything is sent to a registry. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ProblemCode,
    detail: string,
    options: {
      status?: number;
      title?: string;
      hint?: string;
      errors?: readonly FieldMistake[];
      headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(detail);
    const { hint, errors, status, title, headers = {} } = options;
    this.headers = headers;
    this.problem = {
      ...describe(code, detail),
      ...(status === undefined ? {} : { status }),
      ...(title === undefined ? {} : { title }),
      ...(hint === undefined ? {} : { hint }),
      ...(errors ? { errors } : {}),
    };
  }
}

/** What an error is for a client. One that was not foreseen tells nothing but that. */
export function toProblem(error: unknown): Problem {
  if (error instanceof RequestError) return error.problem;
  if (error instanceof ParseError) {
    return { ...describe("usage", error.message), ...(error.hint ? { hint: error.hint } : {}) };
  }
  if (error instanceof DOMException && error.name === "AbortError") {
    return describe("aborted", "the request was cancelled");
  }
  if (!(error instanceof CrossdockError)) {
    return describe("internal", "an error that was not foreseen; the log has it");
  }
  const { code, message, side, retryAfterMs, field } = error;
  const hint = toApiHint(error.hint);
  return {
    ...describe(code, message),
    ...(side ? { side } : {}),
    ...(hint ? { hint } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(field === undefined ? {} : { errors: [{ pointer: `#/${field}`, detail: message }] }),
    ...(error instanceof CopyError ? { step: withoutContent(error.step) } : {}),
  };
}

function describe(code: ProblemCode, detail: string): Problem {
  return {
    type: `urn:crossdock:problem:${code}`,
    title: PROBLEMS[code].title,
    status: PROBLEMS[code].status,
    detail,
    code,
  };
}

/** What the engine's hints say of the command line's flags, and what says the same to a client of the API. */
const TRANSLATIONS: readonly (readonly [RegExp, string])[] = [
  [/--if-exists (\w+)/g, '"ifExists": "$1"'],
  [/--index (\w+)/g, '"index": "$1"'],
  [/--platform\b/g, '"platforms"'],
  [/--timeout\b/g, "CROSSDOCK_TIMEOUT_MS"],
  [/\buse --src-tls off or --dest-tls off/g, "name it in CROSSDOCK_PLAIN_HTTP"],
  [/\bleave out --src-tls off or --dest-tls off/g, "take it out of CROSSDOCK_PLAIN_HTTP"],
  [/\buse --src-tls on or --dest-tls on/g, "take it out of CROSSDOCK_PLAIN_HTTP"],
];

/** A hint in the API's words; none where it names a flag that the server has nothing like. */
export function toApiHint(hint: string | undefined): string | undefined {
  const translated = TRANSLATIONS.reduce(
    (text, [flag, words]) => text?.replace(flag, words),
    hint,
  );
  return translated && /(^|\s)--[a-z]/.test(translated) ? undefined : translated;
}
