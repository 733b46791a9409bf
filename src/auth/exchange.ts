/** Exchanges a cloud key for a registry credential by one POST to a server of the cloud. */
import * as z from "zod";
import { CrossdockError, SilenceError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import { SilenceTimer } from "../streams/silence.ts";
import { optionalSeconds, optionalText, readAnswer } from "./read_answer.ts";

/** Sends one request without following redirects, such as `(request) => runtime.fetch(request)`. */
export type FetchForExchange = (request: {
  method: "POST";
  url: URL;
  headers: Headers;
  body: string;
  signal: AbortSignal;
}) => Promise<Response>;

/** The status and the members of the JSON object. An error response without a JSON object has no members. */
export interface ExchangeAnswer<Members = unknown> {
  readonly status: number;
  readonly members: Members;
}

/** A token or an error by RFC 6749, sections 5.1 and 5.2. */
export const oauthSchema = z.object({
  access_token: optionalText,
  expires_in: optionalSeconds,
  error: optionalText,
  error_description: optionalText,
});

/** These servers answer within tenths of a second; after this time the server is considered down. */
const TIMEOUT_MS = 30_000;

/** The maximum length of a server's text in an error message. */
const MAX_QUOTED_LENGTH = 300;

/**
 * Sends a request and reads its response of any status. Does not retry: the registry request that needs the credential is
 * retried instead.
 *
 * @param options.what the action, used in messages: `get a token for 1.dkr.ecr.eu-west-1.amazonaws.com`
 * @param options.timeoutMs the idle timeout. Default 30 000
 * @throws CrossdockError `registry` if a successful response has no JSON object, `limit` above 1 MiB; NetworkError or SilenceError
 * if there is no response
 */
export async function exchange<Members>(options: {
  readonly fetch: FetchForExchange;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  readonly what: string;
  /** The schema of the members, each of them optional. */
  readonly schema: z.ZodType<Members>;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}): Promise<ExchangeAnswer<Members>> {
  const { fetch, url, headers, body, what, schema, timeoutMs = TIMEOUT_MS } = options;
  const silence = new AbortController();
  const timer = new SilenceTimer(timeoutMs, () => {
    const hint = `check that this machine can reach ${url.host}`;
    silence.abort(new SilenceError(`${what}: waiting for ${url.host}`, timeoutMs, { hint }));
  });
  const signal = options.signal
    ? AbortSignal.any([options.signal, silence.signal])
    : silence.signal;
  timer.restart();
  let response: Response;
  try {
    response = await fetch({ method: "POST", url, headers, body, signal });
  } finally {
    timer.close();
  }
  const reading = readAnswer(response, url.host, schema);
  return {
    status: response.status,
    members: await (response.ok ? reading : reading.catch(() => schema.parse({}))),
  };
}

/**
 * Converts an error response to an error.
 *
 * @param options.reason the server's text; use {@linkcode quoteAnswer} to exclude secrets
 * @param options.code the error code, if the status alone does not determine it
 */
export function toExchangeError(
  answer: ExchangeAnswer,
  options: {
    readonly what: string;
    readonly url: URL;
    readonly reason: string;
    readonly hint: string;
    readonly code?: ErrorCode | undefined;
  },
): CrossdockError {
  const { what, url, reason, hint } = options;
  const code = options.code ?? toCode(answer.status);
  const suffix = reason === "" ? "" : ` (${reason})`;
  return new CrossdockError(code, `${what}: ${url.host} answered ${answer.status}${suffix}`, {
    hint: code === "unauthorized" || code === "denied" ? hint : undefined,
    isTemporary: code === "rate_limited" || answer.status === 408 || answer.status >= 500,
  });
}

/** Shortens a server's text to one line for a message. Returns an empty string if it contains one of the secrets sent. */
export function quoteAnswer(
  value: string | undefined,
  secrets: readonly (string | undefined)[],
): string {
  if (value === undefined || secrets.some((secret) => secret && value.includes(secret))) {
    return "";
  }
  // deno-lint-ignore no-control-regex
  const line = value.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, " ").trim();
  return line.length > MAX_QUOTED_LENGTH ? `${line.slice(0, MAX_QUOTED_LENGTH)}…` : line;
}

function toCode(status: number): ErrorCode {
  if (status === 429) return "rate_limited";
  if (status === 403) return "denied";
  return status === 400 || status === 401 ? "unauthorized" : "registry";
}
