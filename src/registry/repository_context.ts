import type { Access } from "../auth/authenticator.ts";
import type { RegistryClient, RegistryRequest } from "./client.ts";

/** A request on a repository: its access, its count and whom to tell of retries are filled in. */
export type RepositoryRequest =
  & Omit<RegistryRequest, "access" | "count" | "onRetry">
  & Partial<Pick<RegistryRequest, "access">>;

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
}
