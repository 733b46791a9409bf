import type { Digest } from "../oci/digest.ts";
import type { BlobOutcome } from "./perform.ts";
import type { BlobStep } from "./step.ts";

/** Blobs that are remembered: some 10 MB. Older ones are forgotten, and sent once more at worst. */
const MAX_BLOBS = 50_000;

/** Mounts that fail one after the other until a registry is taken for one that mounts nothing: each costs it a request. */
const MAX_MISSES = 3;

/**
 * Where blobs have gone in the course of one run, so that the next repository of the same registry can mount them instead of
 * having them sent again.
 */
export class MountMemory {
  /** The repository by `registry digest`. */
  readonly #places = new Map<string, string>();
  readonly #misses = new Map<string, number>();

  /** A repository of the registry, other than the given one, that has the blob. */
  find(registry: string, repository: string, digest: Digest): string | undefined {
    if ((this.#misses.get(registry) ?? 0) >= MAX_MISSES) return undefined;
    const place = this.#places.get(`${registry} ${digest}`);
    return place === repository ? undefined : place;
  }

  /** Learns from a blob that is now where its step wanted it. */
  add(registry: string, repository: string, step: BlobStep, { state }: BlobOutcome): void {
    if (state === "mounted") this.#misses.delete(registry);
    if (state === "streamed" && step.mountFrom.length > 0) {
      this.#misses.set(registry, (this.#misses.get(registry) ?? 0) + 1);
    }
    const key = `${registry} ${step.descriptor.digest}`;
    // The first place stays: a token that may read it is at hand.
    if (this.#places.has(key)) return;
    this.#places.set(key, repository);
    const [oldest] = this.#places.keys();
    if (this.#places.size > MAX_BLOBS && oldest !== undefined) this.#places.delete(oldest);
  }
}
