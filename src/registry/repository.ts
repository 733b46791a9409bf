/** One repository of a registry, as a source or target of a copy. */
import type { Scope } from "../auth/scope.ts";
import type {
  BeginBlobOptions,
  BlobStart,
  CallOptions,
  ContentTarget,
  FetchManifestOptions,
  ManifestContent,
  ReferrersOptions,
} from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { hasBlob, openBlob } from "./blobs.ts";
import type { RegistryClient } from "./client.ts";
import type { OnRetry } from "./request.ts";
import { deleteTag } from "./delete_tag.ts";
import { fetchManifest, putManifest, resolveManifest } from "./manifests.ts";
import type { PullsLeft } from "./pulls_left.ts";
import { listReferrers, recordReferrers } from "./referrers.ts";
import { quirksOf } from "./quirks.ts";
import type { BeforePull, RepositoryContext } from "./repository_context.ts";
import { listTags } from "./tags.ts";
import { beginBlob, checksDigests } from "./uploads.ts";

/** The requested permission. Deleting needs a separate permission, which only `delete` requests. */
export type RepositoryMode = "pull" | "push" | "delete";

const ACTIONS: Readonly<Record<RepositoryMode, Scope["actions"]>> = {
  pull: ["pull"],
  push: ["pull", "push"],
  delete: ["delete", "pull", "push"],
};

export interface RepositoryOptions {
  readonly onRetry?: OnRetry | undefined;
  /** Called once for each request, except token requests. */
  readonly onRequest?: (() => void) | undefined;
  /** Default: no limit on reading manifests. */
  readonly beforePull?: BeforePull | undefined;
}

/**
 * A repository to read from (`mode: "pull"`) or to write to (`mode: "push"`). All its requests share one token.
 */
export class Repository implements ContentTarget {
  readonly name: string;
  readonly registry: string;
  readonly countsPulls: boolean;
  readonly #context: RepositoryContext;
  #requests = 0;

  constructor(
    client: RegistryClient,
    repository: string,
    mode: RepositoryMode,
    { onRetry, onRequest, beforePull }: RepositoryOptions = {},
  ) {
    this.name = `${client.registry}/${repository}`;
    this.registry = client.registry;
    this.countsPulls = quirksOf(client.registry).countsPulls ?? false;
    const scopes: Scope[] = [{
      repository,
      actions: ACTIONS[mode],
    }];
    const access = { repository, scopes };
    const count = (): void => {
      this.#requests += 1;
      onRequest?.();
    };
    const defaults = { access, onRetry, count };
    this.#context = {
      client,
      name: this.name,
      repository,
      path: (endpoint) => `/v2/${repository}/${endpoint}`,
      access,
      beforePull,
      send: (request) => client.send({ ...defaults, ...request }),
      read: (request, read) => client.read({ ...defaults, ...request }, read),
    };
  }

  get requests(): number {
    return this.#requests;
  }

  resolveManifest(tagOrDigest: string, options: CallOptions = {}): Promise<Descriptor | undefined> {
    return resolveManifest(this.#context, tagOrDigest, options);
  }

  fetchManifest(
    tagOrDigest: string,
    options: FetchManifestOptions = {},
  ): Promise<ManifestContent | undefined> {
    return fetchManifest(this.#context, tagOrDigest, options);
  }

  putManifest(
    content: ManifestContent,
    options: CallOptions & { tag?: string } = {},
  ): Promise<void> {
    return putManifest(this.#context, content, options);
  }

  checkPulls({ length }: readonly Digest[]): void {
    const { beforePull, client } = this.#context;
    beforePull?.(client.registry, client.memory.pulls, length)();
  }

  /** The remaining pulls, as last reported by the registry. */
  get pulls(): PullsLeft | undefined {
    return this.#context.client.memory.pulls;
  }

  /** Deletes a tag and keeps other tags of the same digest. Requires the mode `delete`. */
  deleteTag(tag: string, options: CallOptions = {}): Promise<void> {
    return deleteTag(this.#context, tag, options);
  }

  hasBlob(descriptor: Descriptor, options: CallOptions = {}): Promise<boolean> {
    return hasBlob(this.#context, descriptor, options);
  }

  openBlob(
    descriptor: Descriptor,
    options: CallOptions & { offset?: number } = {},
  ): Promise<Response> {
    return openBlob(this.#context, descriptor, options);
  }

  beginBlob(
    descriptor: Descriptor,
    options: BeginBlobOptions = {},
  ): Promise<BlobStart> {
    return beginBlob(this.#context, descriptor, options);
  }

  checksDigests(options: CallOptions = {}): Promise<boolean> {
    return checksDigests(this.#context, options);
  }

  listReferrers(subject: Digest, options: ReferrersOptions = {}): Promise<Descriptor[]> {
    return listReferrers(this.#context, subject, options);
  }

  recordReferrers(
    subject: Digest,
    referrers: readonly Descriptor[],
    options: CallOptions = {},
  ): Promise<boolean> {
    return recordReferrers(this.#context, subject, referrers, options);
  }

  listTags(options: CallOptions & { last?: string } = {}): AsyncIterable<string[]> {
    return listTags(this.#context, options);
  }
}
