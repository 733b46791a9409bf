/** One repository of a registry, as the copy sees it. */
import type { Scope } from "../auth/scope.ts";
import type {
  BlobStart,
  CallOptions,
  ContentTarget,
  ManifestContent,
  ReferrersOptions,
} from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { hasBlob, openBlob } from "./blobs.ts";
import type { OnRetry, RegistryClient } from "./client.ts";
import { fetchManifest, putManifest, resolveManifest } from "./manifests.ts";
import { listReferrers, recordReferrers } from "./referrers.ts";
import { quirksOf } from "./quirks.ts";
import type { RepositoryContext } from "./repository_context.ts";
import { listTags } from "./tags.ts";
import { beginBlob, checksDigests } from "./uploads.ts";

/**
 * A repository to read from (`mode: "pull"`) or to write to (`mode: "push"`). All of its requests share one token.
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
    mode: "pull" | "push",
    onRetry?: OnRetry,
  ) {
    this.name = `${client.registry}/${repository}`;
    this.registry = client.registry;
    this.countsPulls = quirksOf(client.registry).countsPulls ?? false;
    const scopes: Scope[] = [{
      repository,
      actions: mode === "pull" ? ["pull"] : ["pull", "push"],
    }];
    const access = { repository, scopes };
    const own = { access, onRetry, count: (): void => void this.#requests++ };
    this.#context = {
      client,
      name: this.name,
      repository,
      path: (endpoint) => `/v2/${repository}/${endpoint}`,
      access,
      send: (request) => client.send({ ...own, ...request }),
      read: (request, read) => client.read({ ...own, ...request }, read),
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
    options: CallOptions = {},
  ): Promise<ManifestContent | undefined> {
    return fetchManifest(this.#context, tagOrDigest, options);
  }

  putManifest(
    content: ManifestContent,
    options: CallOptions & { tag?: string } = {},
  ): Promise<void> {
    return putManifest(this.#context, content, options);
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
    options: CallOptions & { mountFrom?: readonly string[] } = {},
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
