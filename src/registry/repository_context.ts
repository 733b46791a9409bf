import type { Access } from "../auth/authenticator.ts";
import type { RegistryClient } from "./client.ts";
import type { RegistryRequest } from "./request.ts";
import type { PullsLeft } from "./pulls_left.ts";

/** A request to a repository. The context adds the default access, the request counter and `onRetry`. */
export type RepositoryRequest =
  & Omit<RegistryRequest, "access" | "count" | "onRetry">
  & Partial<Pick<RegistryRequest, "access">>;

/**
 * Called before a manifest, or all `count` manifests of an index, are fetched, with the remaining pulls that the registry last
 * reported. Throws to reject the fetch. The returned function is called when the fetch ends, with or without success.
 */
export type BeforePull = (
  registry: string,
  pulls: PullsLeft | undefined,
  count?: number,
) => () => void;

/** Shared by all operations on a repository. */
export interface RepositoryContext {
  readonly client: RegistryClient;
  readonly send: (request: RepositoryRequest) => Promise<Response>;
  /** Sends a request and reads its response; a retry repeats both. */
  readonly read: <T>(
    request: RepositoryRequest,
    read: (response: Response) => T | Promise<T>,
  ) => Promise<T>;
  /** `registry/repository`, used in messages. */
  readonly name: string;
  /** The repository without its registry. */
  readonly repository: string;
  /** Returns the path of an endpoint of the repository: `path("tags/list")`. */
  readonly path: (endpoint: string) => string;
  /** The default access: pull, and also push at a destination, so that one token serves all requests. */
  readonly access: Access;
  readonly beforePull?: BeforePull | undefined;
}
