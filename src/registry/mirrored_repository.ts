import type { CallOptions, FetchManifestOptions, ManifestContent } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { isDigest } from "../oci/digest.ts";
import type { Digest } from "../oci/digest.ts";
import type { PullsLeft } from "./pulls_left.ts";
import { Repository } from "./repository.ts";

/** Whether to ask a mirror, or the registry itself. */
export interface Health {
  /** Whether it has failed a short time ago. */
  readonly isFailed: () => boolean;
  /** Called when it fails, with the reason. */
  readonly onFailure: (reason: string) => void;
}

/** A repository of a mirror. */
export interface MirrorRepository extends Health {
  readonly repository: Repository;
}

/**
 * A repository that is read from mirrors first: its manifests and blobs. What a mirror lacks, or cannot give, comes from the next one
 * and at last from the registry itself. Tags and referrers are listed by the registry only, because a pull-through cache lists what it
 * has and not what there is. The registry also resolves tags, because a cache may have an old digest; a mirror does so only if the
 * registry cannot.
 */
export class MirroredRepository extends Repository {
  readonly #mirrors: readonly MirrorRepository[];
  readonly #health: Health;
  /** The mirrors that returned blobs, by digest. */
  readonly #opened = new Map<Digest, MirrorRepository>();
  /** Blobs that were wrong or incomplete, perhaps because of a mirror. */
  readonly #wrong = new Set<Digest>();

  /** @param health that of the registry itself */
  constructor(
    mirrors: readonly MirrorRepository[],
    health: Health,
    ...own: ConstructorParameters<typeof Repository>
  ) {
    super(...own);
    this.#mirrors = mirrors;
    this.#health = health;
  }

  override get requests(): number {
    return this.#mirrors.reduce((sum, { repository }) => sum + repository.requests, super.requests);
  }

  /** The remaining pulls, unless a mirror makes them unnecessary. */
  override get pulls(): PullsLeft | undefined {
    return this.#hasMirror() ? undefined : super.pulls;
  }

  override checkPulls(digests: readonly Digest[]): void {
    if (!this.#hasMirror()) super.checkPulls(digests);
  }

  override async resolveManifest(
    tagOrDigest: string,
    options: CallOptions = {},
  ): Promise<Descriptor | undefined> {
    const askMirrors = (): Promise<Descriptor | undefined> =>
      this.#ask(options, ({ repository }) => repository.resolveManifest(tagOrDigest, options));
    if (isDigest(tagOrDigest) || this.#health.isFailed()) {
      return await askMirrors() ?? await super.resolveManifest(tagOrDigest, options);
    }
    try {
      return await super.resolveManifest(tagOrDigest, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof CrossdockError)) throw error;
      const found = await askMirrors();
      if (!found) throw error;
      this.#health.onFailure(error.message);
      return found;
    }
  }

  override async fetchManifest(
    tagOrDigest: string,
    options: FetchManifestOptions = {},
  ): Promise<ManifestContent | undefined> {
    const digest = isDigest(tagOrDigest)
      ? tagOrDigest
      : (await this.resolveManifest(tagOrDigest, options))?.digest;
    if (!digest) return undefined;
    return await this.#ask(
      options,
      ({ repository }) => repository.fetchManifest(digest, options),
    ) ??
      await super.fetchManifest(digest, options);
  }

  override async openBlob(
    descriptor: Descriptor,
    options: CallOptions & { offset?: number } = {},
  ): Promise<Response> {
    const { digest } = descriptor;
    const mirrored = this.#wrong.has(digest)
      ? undefined
      : await this.#ask(options, async (mirror) => {
        const response = await mirror.repository.openBlob(descriptor, options);
        this.#opened.set(digest, mirror);
        return response;
      });
    return mirrored ?? await super.openBlob(descriptor, options);
  }

  leaveMirror({ digest }: Descriptor, reason: string): boolean {
    if (this.#wrong.has(digest)) return false;
    this.#wrong.add(digest);
    // Copies to several targets share a download, which the repository of one of them has opened.
    this.#opened.get(digest)?.onFailure(reason);
    return true;
  }

  #hasMirror(): boolean {
    return this.#mirrors.some(({ isFailed }) => !isFailed());
  }

  async #ask<Result>(
    { signal }: CallOptions,
    read: (mirror: MirrorRepository) => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    for (const mirror of this.#mirrors) {
      if (mirror.isFailed()) continue;
      try {
        const result = await read(mirror);
        if (result !== undefined) return result;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof CrossdockError)) throw error;
        // A mirror without the content has not failed.
        if (error.code !== "not_found") mirror.onFailure(error.message);
      }
    }
    return undefined;
  }
}
