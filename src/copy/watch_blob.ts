import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import { isSilentAgain, toFinalSilence } from "../retry.ts";
import type { StreamHash } from "../runtime.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { explainBody } from "../streams/explain_body.ts";
import { limitSilence } from "../streams/silence.ts";
import { CORRUPT_HINT } from "./read_small_blob.ts";

/** Progress that resets the count of retries. A source that breaks again with less progress uses up its retries. */
const PROGRESS_BYTES = 1024 * 1024;

export interface WatchOptions {
  readonly descriptor: Descriptor;
  /** Name for messages: `blob sha256:… of ghcr.io/a/b`. */
  readonly what: string;
  /** Hashes the blob during the transfer. Absent if the destination checks the digest. */
  readonly hash?: StreamHash | undefined;
  /** Opens the source again at an offset. */
  readonly resume: (offset: number, cause: unknown, attempt: number) => Promise<Response>;
  /** How many times the source may be reopened without progress. */
  readonly retries: number;
  /** Idle timeout. */
  readonly timeoutMs: number;
  /** Called with the total of bytes so far. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Reads a blob with progress, an idle timeout and an optional hash, and resumes where the source breaks.
 *
 * The last chunk is returned only after the source has ended and size and digest match. An upload of known length that lacks its
 * last chunk cannot be committed, so a wrong blob is never committed.
 */
export function watchBlob(response: Response, options: WatchOptions): ChunkReader {
  return new BlobWatch(response, options);
}

class BlobWatch implements ChunkReader {
  readonly #options: WatchOptions;
  #reader: ChunkReader;
  /** The end of messages about wrong bytes of the current response. */
  #explanation = "";
  #bytes = 0;
  #attempts = 0;
  #bytesAtBreak = 0;
  #isCancelled = false;

  constructor(response: Response, options: WatchOptions) {
    this.#options = options;
    this.#reader = this.#limit(response);
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { descriptor, hash, onBytes, what } = this.#options;
    if (this.#bytes === descriptor.size) return undefined;
    const chunk = await this.#readNext();
    this.#bytes += chunk.byteLength;
    if (this.#bytes > descriptor.size) throw this.#tooLong();
    await hash?.update(chunk);
    if (this.#bytes < descriptor.size) {
      onBytes(this.#bytes);
      return chunk;
    }
    const last = chunk.slice();
    if (await this.#hasMore()) throw this.#tooLong();
    const hex = await hash?.hex();
    if (hex !== undefined && hex !== digestHex(descriptor.digest)) {
      throw new CrossdockError(
        "integrity",
        `read ${what}: the received bytes have digest ${
          digestAlgorithm(descriptor.digest)
        }:${hex}, expected ${descriptor.digest}${this.#explanation}`,
        { side: "source", hint: CORRUPT_HINT },
      );
    }
    onBytes(this.#bytes);
    return last;
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#isCancelled = true;
    await this.#reader.cancel(reason);
  }

  /** The next chunk. Reopens the source if it breaks. */
  async #readNext(): Promise<Uint8Array<ArrayBuffer>> {
    for (;;) {
      let cause: unknown;
      try {
        const chunk = await this.#reader.read();
        if (chunk) return chunk;
        cause = this.#toBreak();
      } catch (error) {
        cause = error instanceof CrossdockError ? error : this.#toBreak(error);
      }
      await this.#reopen(cause);
    }
  }

  /** Whether the source sends more bytes than the descriptor has. An error does not matter here: all expected bytes arrived. */
  async #hasMore(): Promise<boolean> {
    try {
      return await this.#reader.read() !== undefined;
    } catch {
      return false;
    }
  }

  async #reopen(cause: unknown): Promise<void> {
    if (this.#isCancelled || !(cause instanceof CrossdockError) || !cause.isTemporary) throw cause;
    if (this.#bytes - this.#bytesAtBreak >= PROGRESS_BYTES) this.#attempts = 0;
    this.#bytesAtBreak = this.#bytes;
    if (isSilentAgain(cause, this.#attempts)) throw toFinalSilence(cause);
    if (++this.#attempts > this.#options.retries) throw cause;
    await this.#reader.cancel(cause);
    const response = await this.#options.resume(this.#bytes, cause, this.#attempts)
      .catch((error) => {
        if (error instanceof CrossdockError) error.message += this.#explanation;
        throw error;
      });
    this.#reader = this.#limit(response);
    if (this.#isCancelled) {
      await this.#reader.cancel(cause);
      throw cause;
    }
  }

  #limit(response: Response): ChunkReader {
    const { timeoutMs, what } = this.#options;
    this.#explanation = explainBody(response);
    return limitSilence(
      readBody(response),
      timeoutMs,
      () => new SilenceError(`read ${what}`, timeoutMs, { side: "source" }),
    );
  }

  #toBreak(cause?: unknown): NetworkError {
    const { what, descriptor } = this.#options;
    return new NetworkError(
      "reset",
      `read ${what}: the response ended after ${this.#bytes} of ${descriptor.size} bytes` +
        this.#explanation,
      {
        cause,
        side: "source",
      },
    );
  }

  #tooLong(): CrossdockError {
    const { what, descriptor } = this.#options;
    return new CrossdockError(
      "integrity",
      `read ${what}: the response has more than the ${descriptor.size} bytes in the descriptor` +
        this.#explanation,
      {
        side: "source",
      },
    );
  }
}
