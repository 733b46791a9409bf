/** A request to a registry, and what is asked and told around it. */
import type { Access } from "../auth/authenticator.ts";
import type { Side } from "../errors.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";

/** Told before a request is tried again. */
export type OnRetry = (
  retry: { side: Side; what: string; attempt: number; delayMs: number; reason: string },
) => void;

/**
 * Asked before every request whether it may go there, redirects, token realms and upload Locations included. Throws to refuse.
 */
export type Guard = (
  url: URL,
  about: { side: Side; kind: "registry" | "token" | "foreign-layer" },
) => void | Promise<void>;

/**
 * Asked before every request to a registry's own API, after the guard: resolves when it may go out. What it gives is called when
 * the answer has begun, or failed to. A transfer that goes on where it broke off is not kept waiting: it has had its turn.
 */
export type Pace = (
  registry: string,
  options: { readonly signal: AbortSignal | undefined },
) => Promise<() => void>;

/** A request to a registry, in the terms of its API. */
export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** A path from `/v2/` on, or a URL that the registry gave. */
  readonly target: string | URL;
  /** What is being done, for errors: `read manifest ghcr.io/a/b:1`. */
  readonly what: string;
  readonly access: Access;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  /** A body that streams. It can be sent once: a request with it is never repeated here. */
  readonly stream?: { readonly body: Response | ChunkReader; readonly sizeBytes: number };
  /** The statuses that the caller handles; any other one becomes an error. */
  readonly accept: readonly number[];
  /** Whether the request may be tried again, at all or after this error. Default true; never with a `stream`. */
  readonly mayRepeat?: boolean | ((error: unknown) => boolean);
  /** Not the registry's own API: no Authorization is sent and no challenge answered. */
  readonly kind?: "token" | "foreign-layer";
  /** Called once for every request that goes out. */
  readonly count?: (() => void) | undefined;
  readonly onRetry?: OnRetry | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates a repository before the first push to it. Gives true when it was created or is there, false for a registry that
 * does not want that; rejects when it ought to be created and cannot.
 */
export type CreateRepository = (
  name: { registry: string; repository: string },
  options: { signal?: AbortSignal },
) => Promise<boolean>;
