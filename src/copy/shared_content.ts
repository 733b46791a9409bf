import { abortable } from "../abortable.ts";
import type { CallOptions, ManifestContent } from "../content.ts";
import { MissingContentError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { isLocal, parseRepository } from "../oci/reference.ts";
import { CopyError } from "./copy_error.ts";
import type { Outcome } from "./model.ts";
import type { BlobStep, ReceiptStep } from "./step.ts";

/** Limit of remembered blobs, about 10 MB of memory. The oldest is dropped; at worst it is uploaded again. */
const MAX_BLOBS = 50_000;

/** Consecutive failed mounts until the registry is assumed not to mount. Each failed mount costs a request. */
const MAX_MISSES = 3;

/** Limit of remembered images. The oldest is dropped; at worst its next tag is copied like any image. */
const MAX_IMAGES = 10_000;

/** Limit of all remembered root manifests. A dropped one is read again. */
const MAX_ROOT_BYTES = 8 * 1024 * 1024;

/** A copy of an image that is complete at its destination. */
export interface CompleteImage {
  /** The root manifest, if it is still remembered. */
  readonly root: ManifestContent | undefined;
}

/**
 * What the copies of a run have brought to destinations, or are bringing there now. A blob is uploaded once to a registry: other
 * repositories mount it, and other tags of a repository need no request for it. A further tag of an image needs only its manifest.
 */
export class SharedContent {
  /** Repositories that have a blob, by `registry digest`. */
  readonly #repositories = new Map<string, Set<string>>();
  readonly #misses = new Map<string, number>();
  /** Blob steps that are being performed, by `registry digest` and by `registry/repository digest`. They never reject. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #images = new Map<string, ManifestContent | undefined>();
  readonly #copying = new Map<string, Promise<void>>();
  #rootBytes = 0;

  /**
   * Performs a blob step, unless the run has brought the blob to the repository. Waits while another copy is bringing it to the
   * repository, or to another one of the registry from which it can be mounted then. If that copy fails, this step is performed.
   */
  async shareBlob(
    step: BlobStep,
    perform: (step: BlobStep) => Promise<Outcome>,
    { signal, onWait }: CallOptions & {
      /** Called before waiting for another copy. */
      readonly onWait?: (() => void) | undefined;
    },
  ): Promise<Outcome> {
    const { registry, repository } = parseRepository(step.destination);
    if (isLocal({ registry })) return await perform(step);
    const { digest } = step.descriptor;
    const here = `${step.destination} ${digest}`;
    const anywhere = `${registry} ${digest}`;
    let mountFrom: string | undefined;
    for (;;) {
      if (this.#has(registry, repository, digest)) {
        return { type: "blob", state: "present", bytes: 0 };
      }
      mountFrom = this.#findMount(registry, repository, digest);
      const running = this.#running.get(here) ??
        (mountFrom === undefined && this.#mounts(registry)
          ? this.#running.get(anywhere)
          : undefined);
      if (!running) break;
      onWait?.();
      await abortable(running, signal);
    }
    const performed = mountFrom === undefined || step.mountFrom.includes(mountFrom)
      ? step
      : { ...step, mountFrom: [...step.mountFrom, mountFrom], eager: false };
    const outcome = perform(performed).then((outcome) => {
      this.#add(registry, repository, performed, outcome);
      return outcome;
    });
    const keys = mountFrom === undefined ? [here, anywhere] : [here];
    const running = outcome.then(() => {}, () => {})
      .finally(() => keys.forEach((key) => this.#running.delete(key)));
    for (const key of keys) this.#running.set(key, running);
    return await outcome;
  }

  /** Performs the steps for receipts of one manifest one after the other: the second finds the receipt of the first. */
  async shareReceipt(
    step: ReceiptStep,
    perform: (step: ReceiptStep) => Promise<Outcome>,
    { signal }: CallOptions,
  ): Promise<Outcome> {
    const key = `receipt ${step.destination} ${step.descriptor.digest}`;
    for (let running; (running = this.#running.get(key));) await abortable(running, signal);
    const outcome = perform(step);
    this.#running.set(
      key,
      outcome.then(() => {}, () => {}).finally(() => this.#running.delete(key)),
    );
    return await outcome;
  }

  /**
   * Copies an image, of which the run may have brought another tag to the same repository. Waits while another copy is doing that.
   * Copies the image as a whole if the destination reports that its content is missing.
   *
   * @param key names the repository, the digest, and what is copied with the image
   * @param copy receives the image if it is complete at the destination
   */
  async shareImage<Result>(
    key: string,
    copy: (complete: CompleteImage | undefined) => Promise<Result>,
    { signal }: CallOptions,
  ): Promise<Result> {
    for (let running; (running = this.#copying.get(key)) && !this.#images.has(key);) {
      await abortable(running, signal);
    }
    if (this.#images.has(key)) {
      try {
        return await copy({ root: this.#images.get(key) });
      } catch (error) {
        if (!isMissingContent(error)) throw error;
        this.#removeImage(key);
      }
    }
    const result = copy(undefined);
    const running = result.then(() => {}, () => {}).finally(() => this.#copying.delete(key));
    this.#copying.set(key, running);
    return await result;
  }

  /** Records that an image is complete at its destination. */
  addImage(key: string, root?: ManifestContent): void {
    if (this.#images.get(key)) return;
    this.#images.set(key, root);
    this.#rootBytes += root?.bytes.byteLength ?? 0;
    for (const oldest of this.#images.keys()) {
      if (this.#images.size <= MAX_IMAGES && this.#rootBytes <= MAX_ROOT_BYTES) break;
      this.#removeImage(oldest);
    }
  }

  #removeImage(key: string): void {
    this.#rootBytes -= this.#images.get(key)?.bytes.byteLength ?? 0;
    this.#images.delete(key);
  }

  #has(registry: string, repository: string, digest: Digest): boolean {
    return this.#repositories.get(`${registry} ${digest}`)?.has(repository) ?? false;
  }

  /** Finds another repository of the registry that has the blob. */
  #findMount(registry: string, repository: string, digest: Digest): string | undefined {
    if (!this.#mounts(registry)) return undefined;
    // The first one, because the client most likely has a token for it.
    const [first] = this.#repositories.get(`${registry} ${digest}`) ?? [];
    return first === repository ? undefined : first;
  }

  #mounts(registry: string): boolean {
    return (this.#misses.get(registry) ?? 0) < MAX_MISSES;
  }

  #add(registry: string, repository: string, step: BlobStep, { state }: Outcome): void {
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

function isMissingContent(error: unknown): boolean {
  return error instanceof CopyError && error.cause instanceof MissingContentError;
}
