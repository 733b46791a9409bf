/** Callers, two registries and a handler that may copy between them, for the tests of this folder. */
import assert from "node:assert/strict";
import type { Report } from "../../src/copy/model.ts";
import type { Problem } from "../../src/problem.ts";
import type { StreamEvent } from "../../src/stream_events.ts";
import { startObservedRegistry } from "../support/observed_registry.ts";
import type { ObservedRegistry } from "../support/observed_registry.ts";
import type { RegistryOptions } from "../support/registry.ts";
import type { Handler } from "./handler.ts";
import { startHandler } from "./start_handler.ts";

/** The tokens that {@linkcode variablesFor} configures, by scope. */
export const TOKENS = { copy: "copying-is-allowed-1", read: "reading-is-allowed-1" } as const;

/** Request headers with one of the tokens. */
export function bearer(scope: keyof typeof TOKENS = "copy"): Record<string, string> {
  return { authorization: `Bearer ${TOKENS[scope]}` };
}

/** The variables of a handler that may copy between all of these registries. */
export function variablesFor(
  ...registries: readonly { readonly host: string }[]
): Record<string, string> {
  const hosts = registries.map(({ host }) => host);
  const globs = hosts.map((host) => `${host}/**`).join(" ");
  return {
    CROSSDOCK_TOKENS: JSON.stringify({
      copier: TOKENS.copy,
      reader: { token: TOKENS.read, scope: "read" },
    }),
    CROSSDOCK_ALLOW_SOURCES: globs,
    CROSSDOCK_ALLOW_DESTINATIONS: globs,
    CROSSDOCK_ALLOW_PRIVATE: hosts.join(" "),
  };
}

/** The hosts of the registries of a dock. */
export interface RegistryHosts {
  readonly source: string;
  readonly destination: string;
}

/** A handler between two embedded registries. */
export interface Dock extends AsyncDisposable {
  readonly source: ObservedRegistry;
  readonly destination: ObservedRegistry;
  readonly handler: Handler;
  /** Posts a copy of `app:1` to the destination's `app`. `body` replaces fields of the request. */
  copy(body?: Record<string, unknown>, init?: RequestInit): Promise<Response>;
  /** Sends a request with the token that may copy. `headers` can replace the token. */
  send(method: string, path: string, options?: SendOptions): Promise<Response>;
}

export interface SendOptions {
  /** The body, sent as JSON. Text is sent unchanged. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export async function startDock(
  options: {
    source?: RegistryOptions;
    destination?: RegistryOptions;
    /** Variables in addition to {@linkcode variablesFor}. An empty value unsets a variable. */
    variables?: Record<string, string> | ((hosts: RegistryHosts) => Record<string, string>);
  } = {},
): Promise<Dock> {
  await using started = new AsyncDisposableStack();
  const source = started.use(await startObservedRegistry(options.source));
  const destination = started.use(await startObservedRegistry(options.destination));
  const handler = started.use(
    await startHandler({
      ...variablesFor(source, destination),
      ...(typeof options.variables === "function"
        ? options.variables({ source: source.host, destination: destination.host })
        : options.variables),
    }),
  );
  const kept = started.move();
  return {
    source,
    destination,
    handler,
    copy: (body, init) =>
      fetch(`${handler.url}/v1/copies`, {
        method: "POST",
        headers: { ...bearer(), "content-type": "application/json" },
        body: JSON.stringify({
          source: `${source.host}/app:1`,
          destination: `${destination.host}/app`,
          ...body,
        }),
        ...init,
      }),
    send: (method, path, { body, headers } = {}) =>
      fetch(new URL(path, handler.url), {
        method,
        headers: {
          ...bearer(),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Reads the events of an inline copy. */
export async function readEvents(response: Response): Promise<StreamEvent[]> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** The problem that ends the events of a copy that failed. */
export async function readFailure(response: Response): Promise<Problem> {
  const last = (await readEvents(response)).at(-1);
  assert.ok(last?.type === "error", JSON.stringify(last));
  return last.problem;
}

/** The report that ends the events of a copy. */
export async function readReport(response: Response): Promise<Report> {
  const last = (await readEvents(response)).at(-1);
  assert.ok(last?.type === "report", JSON.stringify(last));
  return last.report;
}

/** Reads a problem and checks the fields that all problems have. */
export async function readProblem(response: Response, status: number): Promise<Problem> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem: Problem = JSON.parse(text);
  assert.equal(problem.status, status);
  assert.equal(problem.requestId, response.headers.get("x-request-id"));
  return problem;
}
