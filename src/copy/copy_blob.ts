/** Copies one blob, unless the destination has it: mounts it, or pipes the source's response into an upload. */
import type { BlobStart, BlobUpload } from "../content.ts";
import { CrossdockError, NetworkError, SilenceError, UploadRetryError } from "../errors.ts";
import { digestAlgorithm } from "../oci/digest.ts";
import { retryDelayMs, toFinalSilence } from "../retry.ts";
import type { PerformContext } from "./perform_context.ts";
import type { BlobOutcome } from "./model.ts";
import { openBlobOrData } from "./open_blob_or_data.ts";
import { isOfSource, readSmallBlob } from "./read_small_blob.ts";
import type { BlobStep } from "./step.ts";
import { watchBlob } from "./watch_blob.ts";

/** Blobs up to this size (configs, signatures, small layers) are buffered and checked before the upload starts. */
export const SMALL_BYTES = 256 * 1024;

/** Above this size, `verify: "auto"` does not hash if the destination is known to check digests: DESIGN decision 4. */
export const TRUST_ABOVE_BYTES = 8 * 1024 * 1024;

/** Copies one blob. A transfer that fails is retried with a new upload. */
export async function copyBlob(step: BlobStep, context: PerformContext): Promise<BlobOutcome> {
  return await new BlobCopy(step, context).run();
}

/** The open response and upload of a transfer, or the reason why none is needed. */
type Opened =
  | { readonly state: "present" | "mounted" }
  | {
    readonly state: "open";
    readonly response: Response;
    readonly upload: BlobUpload;
    /** Whether the digest is checked here. */
    readonly isHashed: boolean;
    /** Ends the transfer's turn. */
    readonly free: () => void;
  };

class BlobCopy {
  readonly #step: BlobStep;
  readonly #context: PerformContext;

  constructor(step: BlobStep, context: PerformContext) {
    this.#step = step;
    this.#context = context;
  }

  async run(): Promise<BlobOutcome> {
    const { signal } = this.#context;
    for (let attempt = 0;; attempt++) {
      // The GET has a separate controller, because Deno crashes if both requests share the caller's signal.
      const get = new AbortController();
      const stop = (): void => get.abort(signal?.reason);
      signal?.throwIfAborted();
      signal?.addEventListener("abort", stop, { once: true });
      try {
        const opened = await this.#open(get);
        if (opened.state !== "open") return { type: "blob", state: opened.state, bytes: 0 };
        const { response, upload, isHashed, free } = opened;
        try {
          await this.#transfer(response, upload, { isHashed, signal: get.signal }).finally(free);
          return { type: "blob", state: "streamed", bytes: this.#step.descriptor.size };
        } catch (error) {
          get.abort(error);
          await this.#cancel(upload);
          if (signal?.aborted) throw signal.reason;
          const hasLeft = this.#leaveMirror(error, isHashed);
          if (!hasLeft) await this.#waitForRetry(error, attempt);
          // The number of such errors has a limit: each one changes the form of the next upload, or the source.
          if (hasLeft || error instanceof UploadRetryError) attempt--;
        }
      } finally {
        signal?.removeEventListener("abort", stop);
      }
    }
  }

  /** An aborted copy does not wait for the response: the destination may be the reason for the abort. */
  async #cancel(upload: BlobUpload): Promise<void> {
    const cancelling = upload.cancel();
    if (!this.#context.signal?.aborted) await cancelling;
  }

  /** Leaves the mirror that may have caused an error. Bytes that are not hashed here are found wrong by the destination. */
  #leaveMirror(error: unknown, isHashed: boolean): boolean {
    const { source } = this.#context;
    const isRejected = error instanceof NetworkError ||
      error instanceof CrossdockError && error.code === "registry" && !error.isTemporary;
    if (!isOfSource(error) && (isHashed || !isRejected)) return false;
    return source.leaveMirror?.(this.#step.descriptor, error.message) ?? false;
  }

  async #mustHash(): Promise<boolean> {
    const { verify, descriptor } = this.#step;
    const { target, signal } = this.#context;
    if (verify !== "auto") return verify === "stream";
    return descriptor.size <= TRUST_ABOVE_BYTES || !(await target.checksDigests({ signal }));
  }

  /** Asks the destination first, waits for its turn, and opens the source. An eager step asks both in parallel. */
  async #open(get: AbortController): Promise<Opened> {
    const { source, target, transfers, signal } = this.#context;
    const { descriptor, mountFrom, eager, resend: isMissing = false } = this.#step;
    const openSource = (): Promise<Response> =>
      openBlobOrData(source, descriptor, { signal: get.signal });
    const early = eager ? openSource() : undefined;
    early?.catch(() => {}); // Awaited below. Prevents an unhandled rejection until then.
    let start: BlobStart;
    try {
      start = await target.beginBlob(descriptor, { mountFrom, isMissing, signal });
    } catch (error) {
      await discard(early, get);
      throw error;
    }
    if (start.state !== "open") {
      await discard(early, get);
      return { state: start.state };
    }
    let opening = early;
    let free = (): void => {};
    try {
      free = await transfers?.take(signal) ?? free;
      opening ??= openSource();
      // Only now is it certain that the blob will be sent, so only now may the destination be tried.
      const [response, isHashed] = await Promise.all([opening, this.#mustHash()]);
      return { state: "open", response, upload: start.upload, isHashed, free };
    } catch (error) {
      free();
      await discard(opening, get);
      await this.#cancel(start.upload);
      throw error;
    }
  }

  /** @param options.signal aborts the GET */
  async #transfer(
    response: Response,
    upload: BlobUpload,
    options: { readonly isHashed: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    const { descriptor } = this.#step;
    const { runtime, signal, emit, source, retries, timeoutMs } = this.#context;
    const { digest, size: sizeBytes } = descriptor;
    const onBytes = (bytes: number): void => emit?.({ type: "progress", digest, bytes, sizeBytes });
    if (sizeBytes <= SMALL_BYTES) {
      const bytes = await readSmallBlob(response, descriptor, {
        from: source.name,
        timeoutMs,
        signal: options.signal,
      });
      await upload.put(bytes, { signal });
      onBytes(sizeBytes);
      return;
    }
    if (!options.isHashed && runtime.passesUntouched) {
      await upload.put(response, { signal });
      onBytes(sizeBytes);
      return;
    }
    const reader = watchBlob(response, {
      descriptor,
      what: `blob ${digest} of ${source.name}`,
      hash: options.isHashed ? runtime.createHash(digestAlgorithm(digest)) : undefined,
      retries,
      timeoutMs,
      onBytes,
      resume: (offset, cause, attempt) =>
        this.#reopen(offset, { cause, attempt, signal: options.signal }),
    });
    try {
      await upload.put(reader, { signal });
    } finally {
      await reader.cancel();
    }
  }

  /** Resumes the source at the byte where its response ended. If that fails, the whole blob is copied again. */
  async #reopen(
    offset: number,
    { cause, attempt, signal }: {
      readonly cause: unknown;
      readonly attempt: number;
      readonly signal: AbortSignal;
    },
  ): Promise<Response> {
    const { descriptor } = this.#step;
    const { source, runtime, retries, emit } = this.#context;
    const delayMs = retryDelayMs(cause, attempt - 1, retries, runtime.random()) ?? 0;
    const what = `resume blob ${descriptor.digest} at byte ${offset}`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    emit?.({ type: "retry", side: "source", what, attempt, delayMs, reason });
    await runtime.sleep(delayMs, signal);
    source.leaveMirror?.(descriptor, reason);
    try {
      return await source.openBlob(descriptor, { offset, signal });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SilenceError) throw toFinalSilence(error);
      throw new NetworkError("reset", `${what}: the source did not send the rest`, {
        cause: error,
        side: "source",
      });
    }
  }

  async #waitForRetry(error: unknown, attempt: number): Promise<void> {
    const { runtime, retries, emit, signal, target } = this.#context;
    const delayMs = error instanceof UploadRetryError
      ? 0
      : retryDelayMs(error, attempt, retries, runtime.random());
    if (delayMs === undefined) throw error;
    emit?.({
      type: "retry",
      side: (error instanceof CrossdockError ? error.side : undefined) ?? "destination",
      what: `copy blob ${this.#step.descriptor.digest} to ${target.name}`,
      attempt: attempt + 1,
      delayMs,
      reason: error instanceof Error ? error.message : String(error),
    });
    await runtime.sleep(delayMs, signal);
  }
}

/** Cancels a response of the source that is not needed. */
async function discard(
  early: Promise<Response> | undefined,
  get: AbortController,
): Promise<void> {
  if (!early) return;
  get.abort(new CrossdockError("aborted", "the blob is not needed"));
  await early.then((response) => response.body?.cancel()).catch(() => {});
}
