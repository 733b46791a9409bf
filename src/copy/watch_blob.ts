import type { Descriptor } from "../oci/descriptor.ts";
import { digestAlgorithm, digestHex } from "../oci/digest.ts";
import { CrossdockError, NetworkError, SilenceError } from "../errors.ts";
import type { StreamHash } from "../runtime.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { limitSilence } from "../streams/silence.ts";

/** A source that is cut again and again is given up, unless it gave at least so much since the last cut. */
const PROGRESS_BYTES = 1024 * 1024;

export interface WatchOptions {
  readonly descriptor: Descriptor;
  /** For messages: `blob sha256:… of ghcr.io/a/b`. */
  readonly what: string;
  /** Hashes the blob as it passes; left out where the destination checks the digest. */
  readonly hash?: StreamHash | undefined;
  /** Opens the source again from an offset on. */
  readonly resume: (offset: number, cause: unknown, attempt: number) => Promise<Response>;
  /** How often in a row the source may be opened again. */
  readonly retries: number;
  readonly timeoutMs: number;
  /** Told the sum of bytes so far. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * A blob on its way: counted, timed, hashed if asked, and taken up again where the source breaks off.
 *
 * The last piece is held back until the source has ended and size and digest agree. An upload of known length that misses its
 * last piece cannot be committed, so that a wrong blob never is.
 */
export function watchBlob(response: Response, options: WatchOptions): ChunkReader {
  return new BlobWatch(response, options);
}

class BlobWatch implements ChunkReader {
  readonly #options: WatchOptions;
  #reader: ChunkReader;
  #bytes = 0;
  #attempts = 0;
  #bytesAtCut = 0;
  #isCancelled = false;

  constructor(response: Response, options: WatchOptions) {
    this.#options = options;
    this.#reader = this.#limit(response);
  }

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { descriptor, hash, onBytes, what } = this.#options;
    if (this.#bytes === descriptor.size) return undefined;
    const chunk = await this.#readOn();
    this.#bytes += chunk.byteLength;
    if (this.#bytes > descriptor.size) throw this.#tooLong();
    await hash?.update(chunk);
    if (this.#bytes < descriptor.size) {
      onBytes(this.#bytes);
      return chunk;
    }
    const last = chunk.slice();
    if (await this.#readEnd()) throw this.#tooLong();
    const hex = await hash?.hex();
    if (hex !== undefined && hex !== digestHex(descriptor.digest)) {
      throw new CrossdockError(
        "integrity",
        `${what}: its bytes are ${
          digestAlgorithm(descriptor.digest)
        }:${hex}, not ${descriptor.digest}`,
        { side: "source", hint: "the source is damaged; nothing was committed" },
      );
    }
    onBytes(this.#bytes);
    return last;
  }

  async cancel(reason?: unknown): Promise<void> {
    this.#isCancelled = true;
    await this.#reader.cancel(reason);
  }

  /** The next chunk, from a source opened again if need be. */
  async #readOn(): Promise<Uint8Array<ArrayBuffer>> {
    for (;;) {
      let cause: unknown;
      try {
        const chunk = await this.#reader.read();
        if (chunk) return chunk;
        cause = this.#cut();
      } catch (error) {
        cause = error instanceof CrossdockError ? error : this.#cut(error);
      }
      await this.#reopen(cause);
    }
  }

  /** Whether there is more than there should be. A source that breaks here has given all that it had to. */
  async #readEnd(): Promise<boolean> {
    try {
      return await this.#reader.read() !== undefined;
    } catch {
      return false;
    }
  }

  async #reopen(cause: unknown): Promise<void> {
    if (this.#isCancelled || !(cause instanceof CrossdockError) || !cause.isTemporary) throw cause;
    if (this.#bytes - this.#bytesAtCut >= PROGRESS_BYTES) this.#attempts = 0;
    this.#bytesAtCut = this.#bytes;
    if (++this.#attempts > this.#options.retries) throw cause;
    await this.#reader.cancel(cause);
    const response = await this.#options.resume(this.#bytes, cause, this.#attempts);
    this.#reader = this.#limit(response);
    if (this.#isCancelled) {
      await this.#reader.cancel(cause);
      throw cause;
    }
  }

  #limit(response: Response): ChunkReader {
    const { timeoutMs, what } = this.#options;
    return limitSilence(
      readBody(response),
      timeoutMs,
      () => new SilenceError(`read ${what}`, timeoutMs, { side: "source" }),
    );
  }

  #cut(cause?: unknown): NetworkError {
    const { what, descriptor } = this.#options;
    return new NetworkError(
      "reset",
      `read ${what}: it broke off after ${this.#bytes} of ${descriptor.size} bytes`,
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
      `read ${what}: it is longer than the ${descriptor.size} bytes of its descriptor`,
      {
        side: "source",
      },
    );
  }
}
