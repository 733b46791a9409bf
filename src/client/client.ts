/** The API as typed calls. Of the server this holds types alone. */
import { hc } from "hono/client";
import type { ApplyGlobalResponse } from "hono/client";
import { ParseError } from "../errors.ts";
import type { App } from "../server/app.ts";
import type { Problem } from "../problem.ts";
import { parseServerUrl } from "./server_url.ts";

export interface ClientOptions {
  /** One of the server's tokens, sent as `Authorization: Bearer`. Default: none. */
  readonly token?: string | undefined;
  /** Default: the host's own. */
  readonly fetch?: typeof fetch | undefined;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

type ProblemStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;

type Problems = { [Status in ProblemStatus]: { json: Problem } };

type Api = ApplyGlobalResponse<App, Problems>;

/** A method a call: `client.v1.plans.$post({ json, query })`. */
export type Client = ReturnType<typeof hc<Api>>;

/**
 * Makes a client of a crossdock server. Nothing is sent yet. A call rejects with what `fetch` rejects with, and gives any
 * answer as it came: `ok` tells a result from a {@linkcode Problem}. Redirects are not followed.
 *
 * ```ts
 * const client = createClient("https://crossdock.example.com", { token });
 * const answer = await client.v1.images.$get({ query: { reference: "alpine:3.20" } });
 * if (answer.ok) console.log((await answer.json()).totalBytes);
 * else console.error((await answer.json()).detail);
 * ```
 *
 * @throws ParseError for a URL or a token that cannot be used
 */
export function createClient(url: string, options: ClientOptions = {}): Client {
  const { token, headers = {} } = options;
  return hc<Api>(parseServerUrl(url, { hasToken: token !== undefined }), {
    headers: { ...headers, ...(token === undefined ? {} : { authorization: toBearer(token) }) },
    init: { redirect: "manual" },
    ...(options.fetch ? { fetch: options.fetch } : {}),
  });
}

/** A header that cannot be sent would be quoted by the host's own error. */
function toBearer(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
  throw new ParseError("the token is empty, or holds a space or a character that is not ASCII");
}
