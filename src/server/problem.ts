/** Errors as problem details: the one place that knows which status an error has. https://www.rfc-editor.org/rfc/rfc9457 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import * as z from "zod";
import { CopyError } from "../copy/copy_error.ts";
import { stepSchema } from "../copy/step.ts";
import { CrossdockError, ParseError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import type { AppEnv } from "./app_options.ts";

/** The codes of the engine's errors, and what only a server can say. */
const CODES = [
  "usage",
  "unauthorized",
  "denied",
  "not_found",
  "conflict",
  "unsupported",
  "limit",
  "integrity",
  "network",
  "tls",
  "timeout",
  "rate_limited",
  "registry",
  "aborted",
  "internal",
] as const satisfies readonly (ErrorCode | "internal")[];

export type ProblemCode = (typeof CODES)[number];

export const problemSchema = z.object({
  type: z.string().meta({ description: "`urn:crossdock:problem:` and the code" }),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: "what happened" }),
  code: z.enum(CODES),
  side: z.enum(["source", "destination"]).optional().meta({ description: "the registry meant" }),
  hint: z.string().optional().meta({ description: "what to do next" }),
  retryAfterMs: z.number().optional(),
  errors: z.array(z.object({
    pointer: z.string().optional().meta({ description: "JSON pointer into the body: `#/source`" }),
    parameter: z.string().optional().meta({ description: "of the query or a header" }),
    detail: z.string(),
  })).optional(),
  step: stepSchema.optional().meta({ description: "the step that failed" }),
  requestId: z.string().optional(),
}).meta({ id: "Problem", description: "Problem details, RFC 9457" });

export type Problem = z.output<typeof problemSchema>;

/** A wrong part of a request. */
export type FieldMistake = NonNullable<Problem["errors"]>[number];

const TITLES: Readonly<Record<ProblemCode, string>> = {
  usage: "The request cannot be used",
  unauthorized: "A credential is missing or was not accepted",
  denied: "Not allowed",
  not_found: "Not found",
  conflict: "The destination holds something else",
  unsupported: "The content cannot be copied as asked",
  limit: "Above a limit",
  integrity: "Bytes do not match their digest or size",
  network: "A registry cannot be reached",
  tls: "TLS with a registry failed",
  timeout: "A registry went silent",
  rate_limited: "Too many requests",
  registry: "A registry answered as it should not",
  aborted: "Stopped",
  internal: "A bug in crossdock",
};

/** What a registry did not do is a bad gateway; what the caller can mend is not. */
const STATUSES: Readonly<Record<ProblemCode, number>> = {
  usage: 400,
  unauthorized: 502,
  denied: 403,
  not_found: 404,
  conflict: 409,
  unsupported: 422,
  limit: 422,
  integrity: 502,
  network: 502,
  tls: 502,
  timeout: 504,
  rate_limited: 429,
  registry: 502,
  aborted: 503,
  internal: 500,
};

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
      ...(errors ? { errors: [...errors] } : {}),
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
  const { code, message, side, hint, retryAfterMs } = error;
  return {
    ...describe(code, message),
    ...(side ? { side } : {}),
    ...(hint ? { hint } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(error instanceof CopyError ? { step: error.step } : {}),
  };
}

function describe(code: ProblemCode, detail: string): Problem {
  return {
    type: `urn:crossdock:problem:${code}`,
    title: TITLES[code],
    status: STATUSES[code],
    detail,
    code,
  };
}

/** A problem as the answer to a request. */
export function answerProblem(
  context: Context<AppEnv>,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const retryAfter: Record<string, string> = problem.retryAfterMs === undefined
    ? {}
    : { "retry-after": `${Math.ceil(problem.retryAfterMs / 1000)}` };
  const body = JSON.stringify({ ...problem, requestId: context.get("requestId") });
  return context.body(body, problem.status as ContentfulStatusCode, {
    "content-type": "application/problem+json",
    ...retryAfter,
    ...headers,
  });
}
