import type { Access } from "../auth/authenticator.ts";
import type { RegistryClient } from "./client.ts";
import type { RegistryRequest } from "./request.ts";
import type { PullsLeft } from "./pulls_left.ts";

/** A request on a repository: its access, its count and whom to tell of retries are filled in. */
export type RepositoryRequest =
  & Omit<RegistryRequest, "access" | "count" | "onRetry">
  & Partial<Pick<RegistryRequest, "access">>;

/**
 * Asked before a manifest is read, with the registry and what it has last said of a limit, or before all those of an index. It
 * throws where that is not to be; what it gives is called when they are there, or are not.
 */
export type BeforePull = (
  registry: string,
  pulls: PullsLeft | undefined,
  count?: number,
) => () => void;

/** What every call on a repository needs. */
export interface RepositoryContext {
  readonly client: RegistryClient;
  readonly send: (request: RepositoryRequest) => Promise<Response>;
  /** Sends and reads, as one thing that is tried again. */
  readonly read: <T>(
    request: RepositoryRequest,
    read: (response: Response) => T | Promise<T>,
  ) => Promise<T>;
  /** `registry/repository`, for messages. */
  readonly name: string;
  /** The repository without its registry. */
  readonly repository: string;
  /** The path of an endpoint of the repository: `path("tags/list")`. */
  readonly path: (endpoint: string) => string;
  /** What a request asks for unless it says otherwise: to pull, at a destination also to push, so that one token does. */
  readonly access: Access;
  readonly beforePull?: BeforePull | undefined;
}
