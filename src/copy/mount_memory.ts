import type { Digest } from "../oci/digest.ts";
import type { BlobOutcome } from "./model.ts";
import type { BlobStep } from "./step.ts";

/** Limit of remembered blobs, about 10 MB of memory. The oldest is dropped; at worst it is uploaded again. */
const MAX_BLOBS = 50_000;

/** Consecutive failed mounts until the registry is assumed not to mount. Each failed mount costs a request. */
const MAX_MISSES = 3;

/**
 * Remembers the repositories that received each blob during a run. Another repository of the registry can then mount the blob,
 * and the next tag of the same repository checks the destination before it opens the source.
 */
export class MountMemory {
  /** Repositories by `registry digest`. */
  readonly #repositories = new Map<string, Set<string>>();
  readonly #misses = new Map<string, number>();

  /** Finds a repository of the registry to mount the blob from. `undefined` if `repository` already has the blob. */
  find(registry: string, repository: string, digest: Digest): string | undefined {
    if (this.has(registry, repository, digest)) return undefined;
    if ((this.#misses.get(registry) ?? 0) >= MAX_MISSES) return undefined;
    // The first one, because the client most likely has a token for it.
    const [first] = this.#repositories.get(`${registry} ${digest}`) ?? [];
    return first;
  }

  /** Whether the repository has received the blob. */
  has(registry: string, repository: string, digest: Digest): boolean {
    return this.#repositories.get(`${registry} ${digest}`)?.has(repository) ?? false;
  }

  /** Records the outcome of a blob step. */
  add(registry: string, repository: string, step: BlobStep, { state }: BlobOutcome): void {
    if (state === "mounted") this.#misses.delete(registry);
    if (state === "streamed" && step.mountFrom.length > 0) {
      this.#misses.set(registry, (this.#misses.get(registry) ?? 0) + 1);
    }
    const key = `${registry} ${step.descriptor.digest}`;
    const repositories = this.#repositories.get(key) ?? new Set();
    this.#repositories.set(key, repositories.add(repository));
    const [oldest] = this.#repositories.keys();
    if (this.#repositories.size > MAX_BLOBS && oldest !== undefined) {
      this.#repositories.delete(oldest);
    }
  }
}
