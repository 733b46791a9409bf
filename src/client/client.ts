/** Typed calls of the API. It imports only types from the server. */
import { hc } from "hono/client";
import type { ApplyGlobalResponse } from "hono/client";
import { ParseError } from "../errors.ts";
import type { App } from "../server/app.ts";
import type { Problem } from "../problem.ts";
import { parseServerUrl } from "./server_url.ts";

/** How to call a server. */
export interface ClientOptions {
  /** One of the server's tokens, sent as `Authorization: Bearer`. Default: none. */
  readonly token?: string | undefined;
  /** Default: the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Headers sent with each request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

type ProblemStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 500 | 502 | 503 | 504;

type Problems = { [Status in ProblemStatus]: { json: Problem } };

type Api = ApplyGlobalResponse<App, Problems>;

/** One method per call of the API: `client.v1.plans.$post({ json, query })`. */
export type Client = ReturnType<typeof hc<Api>>;

/**
 * Creates a client of a crossdock server, without sending a request. A call resolves with the response: if `ok` is true it
 * contains a result, otherwise a {@linkcode Problem}. A call rejects only if `fetch` does. Redirects are not followed.
 *
 * ```ts
 * const client = createClient("https://crossdock.example.com", { token });
 * const answer = await client.v1.images.$get({ query: { reference: "alpine:3.20" } });
 * if (answer.ok) console.log((await answer.json()).totalBytes);
 * else console.error((await answer.json()).detail);
 * ```
 *
 * @throws ParseError for an invalid URL or token
 */
export function createClient(url: string, options: ClientOptions = {}): Client {
  const { token, headers = {} } = options;
  return hc<Api>(parseServerUrl(url, { hasToken: token !== undefined }), {
    headers: { ...headers, ...(token === undefined ? {} : { authorization: toBearer(token) }) },
    init: { redirect: "manual" },
    ...(options.fetch ? { fetch: options.fetch } : {}),
  });
}

/** Checks the token here, because the host's error about an invalid header would quote it. */
function toBearer(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
  throw new ParseError("the token is empty or contains a space or a non-ASCII character");
}
