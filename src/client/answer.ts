/** Reads a server's responses, and distinguishes the server's own errors from errors of registries. */
import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { toText } from "@std/streams/to-text";
import type * as z from "zod";
import { CrossdockError } from "../errors.ts";
import type { CrossdockErrorOptions, ErrorCode } from "../errors.ts";
import { problemSchema } from "../problem_schema.ts";
import type { Problem } from "../problem.ts";
import { parseJson } from "./parse_json.ts";
import { toProblemError } from "./problem_error.ts";

/** The parts of a response that are read. The response type of hono's client is not assignable to `Response`. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/** The server that responded. */
export interface AnsweringServer {
  readonly url: string;
  readonly hasToken: boolean;
  /** The name of the token in messages. */
  readonly tokenName: string;
}

/** A list of a million tags takes about 20 MB, a plan of 60 000 steps 30 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Statuses of the server's own errors. With a side or a step, the problem concerns a registry. */
const SERVER_STATUSES = new Set([401, 403, 404, 405, 413, 415, 429, 500, 503]);

/** Error codes for responses that do not come from crossdock, such as a proxy's. */
const FOREIGN_CODES: Readonly<Record<number, ErrorCode>> = {
  401: "unauthorized",
  403: "denied",
  429: "rate_limited",
};

/**
 * Reads the result in a response.
 *
 * @throws CrossdockError if the response has no result
 */
export async function readResult<Value>(
  answer: Answer,
  schema: z.ZodType<Value>,
  server: AnsweringServer,
): Promise<Value> {
  if (!answer.ok) throw await toAnswerError(answer, server);
  const text = await readText(answer, "application/json", server);
  if (text === undefined) throw notCrossdock(answer, server);
  try {
    return parseJson(text, schema);
  } catch (cause) {
    throw notCrossdock(answer, server, cause);
  }
}

/** Converts a response without a result to an error. */
export async function toAnswerError(
  answer: Answer,
  server: AnsweringServer,
): Promise<CrossdockError> {
  const problem = await readProblem(answer, server);
  if (!problem) return notCrossdock(answer, server);
  const isFromServer = !problem.side && !problem.step && SERVER_STATUSES.has(problem.status);
  if (!isFromServer) return toProblemError(problem);
  const detail = `${server.url}: ${problem.detail}`;
  const hint = problem.status === 401 ? hintAtToken(answer, server, problem.hint) : problem.hint;
  return toProblemError({ ...problem, detail, hint });
}

/** The error for a response that does not come from a crossdock server. Its body is not quoted: it could be anything. */
export function notCrossdock(
  { status, statusText, headers }: Answer,
  { url }: AnsweringServer,
  cause?: unknown,
): CrossdockError {
  const location = headers.get("location");
  const target = location === null ? null : URL.parse(location, url);
  const options: CrossdockErrorOptions = {
    cause,
    isTemporary: status === 429 || status >= 500,
    hint: target
      ? "if that is the server, use its URL instead"
      : "check that this is the URL of a crossdock server, and check any proxy in front of it",
  };
  const message = target
    ? `${url} redirects to ${target.origin}${target.pathname}`
    : `${url} returned ${`${status} ${statusText}`.trim()}, expected a response of crossdock`;
  return new CrossdockError(FOREIGN_CODES[status] ?? "registry", message, options);
}

/** Whether a response has this media type in `Content-Type`. */
export function hasType({ headers }: Answer, mediaType: string): boolean {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === mediaType;
}

/** A server without configured tokens rejects every call in the same way. Only its own hint helps then. */
function hintAtToken(
  { headers }: Answer,
  { hasToken, tokenName }: AnsweringServer,
  hint: string | undefined,
): string | undefined {
  if (!hasToken) return `set ${tokenName} to one of the server's tokens`;
  const isInvalid = headers.get("www-authenticate")?.includes("invalid_token");
  return isInvalid ? `${tokenName} must be one of the server's tokens` : hint;
}

async function readProblem(
  answer: Answer,
  server: AnsweringServer,
): Promise<Problem | undefined> {
  const text = await readText(answer, "application/problem+json", server);
  if (text === undefined) return undefined;
  try {
    return parseJson(text, problemSchema);
  } catch {
    return undefined;
  }
}

/** Reads the body if the response has this media type. */
async function readText(
  answer: Answer,
  mediaType: string,
  { url }: AnsweringServer,
): Promise<string | undefined> {
  if (answer.body === null || !hasType(answer, mediaType)) {
    await answer.body?.cancel();
    return undefined;
  }
  try {
    const limit = new LimitedBytesTransformStream(MAX_ANSWER_BYTES, { error: true });
    return await toText(answer.body.pipeThrough(limit));
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CrossdockError("limit", `${url}: the response is longer than 64 MiB`, {
      cause,
    });
  }
}
