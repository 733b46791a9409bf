import type { CallOptions, FetchManifestOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { Repository } from "./repository.ts";

/** A repository of a mirror, and whether to ask it. */
export interface MirrorRepository {
  readonly repository: Repository;
  /** Whether the mirror has failed a short time ago. */
  readonly isFailed: () => boolean;
  /** Called when the mirror fails, with the reason. */
  readonly onFailure: (reason: string) => void;
}

/**
 * A repository that is read from mirrors first: its manifests and blobs. What a mirror lacks, or cannot give, comes from the next one
 * and at last from the registry itself. Tags and referrers are listed by the registry only, because a pull-through cache lists what it
 * has and not what there is.
 */
export class MirroredRepository extends Repository {
  readonly #mirrors: readonly MirrorRepository[];
  /** Digests of blobs that a mirror was asked for. */
  readonly #asked = new Set<string>();

  constructor(
    mirrors: readonly MirrorRepository[],
    ...own: ConstructorParameters<typeof Repository>
  ) {
    super(...own);
    this.#mirrors = mirrors;
  }

  override get requests(): number {
    return this.#mirrors.reduce((sum, { repository }) => sum + repository.requests, super.requests);
  }

  override async resolveManifest(
    tagOrDigest: string,
    options: CallOptions = {},
  ): Promise<Descriptor | undefined> {
    return await this.#ask(options, (mirror) => mirror.resolveManifest(tagOrDigest, options)) ??
      await super.resolveManifest(tagOrDigest, options);
  }

  override async fetchManifest(
    tagOrDigest: string,
    options: FetchManifestOptions = {},
  ): Promise<ManifestContent | undefined> {
    return await this.#ask(options, (mirror) => mirror.fetchManifest(tagOrDigest, options)) ??
      await super.fetchManifest(tagOrDigest, options);
  }

  override async openBlob(
    descriptor: Descriptor,
    options: CallOptions & { offset?: number } = {},
  ): Promise<Response> {
    // What is opened again was cut short, or had other bytes.
    const isRepeated = this.#asked.has(descriptor.digest);
    this.#asked.add(descriptor.digest);
    const mirrored = isRepeated
      ? undefined
      : await this.#ask(options, (mirror) => mirror.openBlob(descriptor, options));
    return mirrored ?? await super.openBlob(descriptor, options);
  }

  async #ask<Result>(
    { signal }: CallOptions,
    read: (mirror: Repository) => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    for (const { repository, isFailed, onFailure } of this.#mirrors) {
      if (isFailed()) continue;
      try {
        const result = await read(repository);
        if (result !== undefined) return result;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof CrossdockError)) throw error;
        // A mirror without the content has not failed.
        if (error.code !== "not_found") onFailure(error.message);
      }
    }
    return undefined;
  }
}
