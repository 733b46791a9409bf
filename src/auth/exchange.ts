/** One POST to a cloud's own servers, by which a key of the cloud becomes a credential for its registry. */
import * as z from "zod";
import { CrossdockError, SilenceError } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import { SilenceTimer } from "../streams/silence.ts";
import { optionalSeconds, optionalText, readAnswer } from "./read_answer.ts";

/** Sends one request and follows no redirect; `(request) => runtime.fetch(request)` does. */
export type FetchForExchange = (request: {
  method: "POST";
  url: URL;
  headers: Headers;
  body: string;
  signal: AbortSignal;
}) => Promise<Response>;

/** The members of the server's JSON object; none where the body of an error is something else. */
export interface ExchangeAnswer<Members = unknown> {
  readonly status: number;
  readonly members: Members;
}

/** A token or an error, by RFC 6749, sections 5.1 and 5.2. */
export const oauthSchema = z.object({
  access_token: optionalText,
  expires_in: optionalSeconds,
  error: optionalText,
  error_description: optionalText,
});

/** These servers answer in tenths of a second; one that takes this long is not there. */
const TIMEOUT_MS = 30_000;

/** As much of a server's own words as an error quotes. */
const MAX_QUOTED_LENGTH = 300;

/**
 * Sends a request and reads its answer, whatever the status. Nothing is tried again here: the request to the registry that
 * wanted the credential is.
 *
 * @param options.what what is being done, for errors: `get a token for 1.dkr.ecr.eu-west-1.amazonaws.com`
 * @param options.timeoutMs how long the server may be silent. Default 30 000
 * @throws CrossdockError `registry` when a success holds no JSON object, `limit` above 1 MiB; NetworkError or SilenceError
 * when there is no answer
 */
export async function exchange<Members>(options: {
  readonly fetch: FetchForExchange;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  readonly what: string;
  /** Of the members, each of which may be absent. */
  readonly schema: z.ZodType<Members>;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}): Promise<ExchangeAnswer<Members>> {
  const { fetch, url, headers, body, what, schema, timeoutMs = TIMEOUT_MS } = options;
  const silence = new AbortController();
  const timer = new SilenceTimer(timeoutMs, () => {
    const hint = `check that ${url.host} can be reached from here`;
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
 * The error that a refusal becomes.
 *
 * @param options.reason what the server said; {@linkcode quoteAnswer} takes secrets out of it
 * @param options.code what went wrong, where the status alone does not say it
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
  const said = reason === "" ? "" : ` (${reason})`;
  return new CrossdockError(code, `${what}: ${url.host} answered ${answer.status}${said}`, {
    hint: code === "unauthorized" || code === "denied" ? hint : undefined,
    isTemporary: code === "rate_limited" || answer.status === 408 || answer.status >= 500,
  });
}

/** A server's words on one line and cut; nothing at all where they hold one of the secrets that it was sent. */
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
