import type { Digest } from "../oci/digest.ts";
import type { BlobOutcome } from "./model.ts";
import type { BlobStep } from "./step.ts";

/** Blobs that are remembered: some 10 MB. Older ones are forgotten, and sent once more at worst. */
const MAX_BLOBS = 50_000;

/** Mounts that fail one after the other until a registry is taken for one that mounts nothing: each costs it a request. */
const MAX_MISSES = 3;

/**
 * Where blobs have gone in the course of one run, so that the next repository of the same registry can mount them, and the next
 * tag of the same repository asks before it opens the source.
 */
export class MountMemory {
  /** Repositories by `registry digest`. */
  readonly #places = new Map<string, Set<string>>();
  readonly #misses = new Map<string, number>();

  /** A repository of the registry from which the blob can be mounted into the given one. */
  find(registry: string, repository: string, digest: Digest): string | undefined {
    if (this.has(registry, repository, digest)) return undefined;
    if ((this.#misses.get(registry) ?? 0) >= MAX_MISSES) return undefined;
    // The first one: a token that may read it is most likely at hand.
    const [place] = this.#places.get(`${registry} ${digest}`) ?? [];
    return place;
  }

  /** Whether the blob was seen in the repository. */
  has(registry: string, repository: string, digest: Digest): boolean {
    return this.#places.get(`${registry} ${digest}`)?.has(repository) ?? false;
  }

  /** Learns from a blob that is now where its step wanted it. */
  add(registry: string, repository: string, step: BlobStep, { state }: BlobOutcome): void {
    if (state === "mounted") this.#misses.delete(registry);
    if (state === "streamed" && step.mountFrom.length > 0) {
      this.#misses.set(registry, (this.#misses.get(registry) ?? 0) + 1);
    }
    const key = `${registry} ${step.descriptor.digest}`;
    const places = this.#places.get(key) ?? new Set();
    this.#places.set(key, places.add(repository));
    const [oldest] = this.#places.keys();
    if (this.#places.size > MAX_BLOBS && oldest !== undefined) this.#places.delete(oldest);
  }
}
