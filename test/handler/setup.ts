/** What the suites of this folder share: callers, two registries, and a handler that may copy between them. */
import { startRegistry } from "../support/registry.ts";
import type { RegistryOptions, RunningRegistry } from "../support/registry.ts";
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

/** A handler between two embedded registries. */
export interface Dock extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly handler: Handler;
  /** Posts a copy of `app:1` to the destination's `app`, unless told otherwise. */
  copy(body?: Record<string, unknown>, init?: RequestInit): Promise<Response>;
}

export async function startDock(
  options: {
    source?: RegistryOptions;
    destination?: RegistryOptions;
    variables?: Record<string, string>;
  } = {},
): Promise<Dock> {
  await using started = new AsyncDisposableStack();
  const source = started.use(await startRegistry(options.source));
  const destination = started.use(await startRegistry(options.destination));
  const handler = started.use(
    await startHandler({ ...variablesFor(source, destination), ...options.variables }),
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
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
