/** What the suites of this folder share: callers, two registries, and a handler that may copy between them. */
import assert from "node:assert/strict";
import type { Report } from "../../src/copy/model.ts";
import type { Problem } from "../../src/problem.ts";
import type { StreamEvent } from "../../src/stream_events.ts";
import { startObservedRegistry } from "../support/observed_registry.ts";
import type { ObservedRegistry } from "../support/observed_registry.ts";
import type { RegistryOptions } from "../support/registry.ts";
import type { Handler } from "./handler.ts";
import { startHandler } from "./start_handler.ts";

/** The callers that {@linkcode variablesFor} lets in, by scope. */
export const TOKENS = { copy: "copying-is-allowed-1", read: "reading-is-allowed-1" } as const;

/** A request's headers with one of the tokens. */
export function bearer(scope: keyof typeof TOKENS = "copy"): Record<string, string> {
  return { authorization: `Bearer ${TOKENS[scope]}` };
}

/** The configuration of a handler that may copy from each of these registries to each. */
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

/** Where the registries of a dock listen. */
export interface RegistryHosts {
  readonly source: string;
  readonly destination: string;
}

/** A handler between two embedded registries. */
export interface Dock extends AsyncDisposable {
  readonly source: ObservedRegistry;
  readonly destination: ObservedRegistry;
  readonly handler: Handler;
  /** Posts a copy of `app:1` to the destination's `app`, unless told otherwise. */
  copy(body?: Record<string, unknown>, init?: RequestInit): Promise<Response>;
  /** Sends a request, with the token that may copy unless `headers` says otherwise. */
  send(method: string, path: string, options?: SendOptions): Promise<Response>;
}

export interface SendOptions {
  /** Sent as JSON; text as it is. */
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export async function startDock(
  options: {
    source?: RegistryOptions;
    destination?: RegistryOptions;
    /** Besides those of {@linkcode variablesFor}; an empty one takes that away. */
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

/** Reads the events of a copy that runs inline. */
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

/** Reads a problem and checks what every one of them has. */
export async function readProblem(response: Response, status: number): Promise<Problem> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem: Problem = JSON.parse(text);
  assert.equal(problem.status, status);
  assert.equal(problem.requestId, response.headers.get("x-request-id"));
  return problem;
}
