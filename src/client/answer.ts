/** Reads a server's answers, and tells its own refusals from those of registries. */
import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { toText } from "@std/streams/to-text";
import type * as z from "zod";
import { CrossdockError } from "../errors.ts";
import type { CrossdockErrorOptions, ErrorCode } from "../errors.ts";
import { problemSchema } from "../problem.ts";
import type { Problem } from "../problem.ts";
import { parseJson } from "./parse_json.ts";
import { toProblemError } from "./problem_error.ts";

/** What is read of an answer; hono's client types its own in another way. */
export interface Answer {
  readonly ok: boolean;
  readonly status: number;
  readonly statusText: string;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null;
}

/** Which server answered. */
export interface AnsweringServer {
  readonly url: string;
  readonly hasToken: boolean;
  /** What the token is called in messages. */
  readonly tokenName: string;
}

/** A list of a million tags has some 20 MB, a plan of 60 000 steps 30 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Statuses that only a server says of itself, unless a side stands beside them. */
const OWN_STATUSES = new Set([401, 403, 404, 405, 413, 415, 429, 500, 503]);

/** Codes for what something other than crossdock answered. */
const FOREIGN_CODES: Readonly<Record<number, ErrorCode>> = {
  401: "unauthorized",
  403: "denied",
  429: "rate_limited",
};

/**
 * Gives what a server answered.
 *
 * @throws CrossdockError for any other answer than a result
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

/** The error that an answer without a result means. */
export async function toAnswerError(
  answer: Answer,
  server: AnsweringServer,
): Promise<CrossdockError> {
  const problem = await readProblem(answer, server);
  if (!problem) return notCrossdock(answer, server);
  const isOwn = !problem.side && !problem.step && OWN_STATUSES.has(problem.status);
  if (!isOwn) return toProblemError(problem);
  const detail = `${server.url}: ${problem.detail}`;
  const hint = problem.status === 401 ? hintAtToken(answer, server, problem.hint) : problem.hint;
  return toProblemError({ ...problem, detail, hint });
}

/** Says that somebody answered, but no crossdock server. Nothing of the body is quoted: it may be anything. */
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
      ? "if that is the server, give its URL"
      : "check that this is the URL of a crossdock server, and what stands before it",
  };
  const message = target
    ? `${url} redirects to ${target.origin}${target.pathname}`
    : `${url} answered ${`${status} ${statusText}`.trim()}, and not as crossdock does`;
  return new CrossdockError(FOREIGN_CODES[status] ?? "registry", message, options);
}

/** Whether an answer says that it has this media type. */
export function hasType({ headers }: Answer, mediaType: string): boolean {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase() === mediaType;
}

/** A server without any token says the same to whoever shows one and whoever does not; its own hint helps then. */
function hintAtToken(
  { headers }: Answer,
  { hasToken, tokenName }: AnsweringServer,
  hint: string | undefined,
): string | undefined {
  if (!hasToken) return `set ${tokenName} to one of the server's tokens`;
  const isWrong = headers.get("www-authenticate")?.includes("invalid_token");
  return isWrong ? `${tokenName} has to be one of the server's tokens` : hint;
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

/** The body, if it says that it has this media type. */
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
    throw new CrossdockError("limit", `${url}: its answer is too long`, { cause });
  }
}
