/** A request to a registry, and the callbacks around it. */
import type { Access } from "../auth/authenticator.ts";
import type { Side } from "../errors.ts";
import type { CheckedAddresses } from "../runtime.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";

/** Called before a request is retried. */
export type OnRetry = (
  retry: { side: Side; what: string; attempt: number; delayMs: number; reason: string },
) => void;

/**
 * Called before every request, including redirects, token realms and upload Locations. Throws to deny the request.
 * Returns the addresses that it checked; the request connects only to these.
 */
export type Guard = (
  url: URL,
  about: {
    side: Side;
    kind: "registry" | "token" | "foreign-layer";
    /** The registry that the request is made for. The URL can be on another host. */
    registry: string;
  },
) => CheckedAddresses | void | Promise<CheckedAddresses | void>;

/**
 * Rate limiter, called before every request to the registry's own API, after the guard. Resolves when the request may be sent.
 * The returned function is called when the response headers arrive or the request fails. A resumed transfer is not limited again.
 */
export type Pace = (
  registry: string,
  options: { readonly signal: AbortSignal | undefined },
) => Promise<() => void>;

/** A request to the API of a registry. */
export interface RegistryRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** A path that begins with `/v2/`, or a URL that the registry returned. */
  readonly target: string | URL;
  /** The action, used in error messages: `fetch manifest ghcr.io/a/b:1`. */
  readonly what: string;
  readonly access: Access;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  /** A streamed body. It can be sent only once, so the client never retries its request. */
  readonly stream?: { readonly body: Response | ChunkReader; readonly sizeBytes: number };
  /** The statuses that the caller handles. Any other status throws. */
  readonly accept: readonly number[];
  /** Whether the request may be retried, at all or after this error. Default true; a `stream` is never retried. */
  readonly mayRepeat?: boolean | ((error: unknown) => boolean);
  /** Set for requests outside the registry's API: these send no Authorization and answer no challenge. */
  readonly kind?: "token" | "foreign-layer";
  /** Called once for each request. */
  readonly count?: (() => void) | undefined;
  readonly onRetry?: OnRetry | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates a repository before the first push to it. Resolves to true if the repository was created or exists, and to false for
 * a registry where this is not needed. Rejects if the repository cannot be created.
 */
export type CreateRepository = (
  name: { registry: string; repository: string },
  options: { signal?: AbortSignal },
) => Promise<boolean>;
