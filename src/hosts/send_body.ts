import { CrossdockError } from "../errors.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";

/** A request of known length that waits for its body. */
export interface OutgoingBody {
  /** Settles once; a rejection that nobody awaits is not reported as unhandled. */
  readonly response: Promise<Response>;
  /**
   * Resolves when the chunk's memory may be used again. A write that fails stays pending: `response` knows whether it was
   * an early answer, an abort or a break.
   */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Takes the last chunk, which may be empty. */
  end(chunk: Uint8Array<ArrayBuffer>): void;
  /** Hangs up, so that the other side never takes the body for whole. */
  destroy(reason: unknown): void;
}

/**
 * Carries a body from its reader to the request that `open` makes, and gives the answer. See {@linkcode Runtime.upload}
 * for what it promises.
 */
export async function sendBody(
  reader: ChunkReader,
  sizeBytes: number,
  open: () => OutgoingBody,
): Promise<Response> {
  let outgoing: OutgoingBody | undefined;
  try {
    outgoing = open();
    const writer = new BodyWriter(reader, outgoing, sizeBytes);
    const written = writer.writeAll();
    // It may fail after the answer came, when nobody waits for it any more.
    written.catch(() => {});
    await Promise.race([written, outgoing.response]);
    if (writer.isComplete) return await outgoing.response;
    writer.stop();
    const response = await outgoing.response;
    void reader.cancel(new Error("the answer came before the body's end")).catch(() => {});
    return response;
  } catch (error) {
    outgoing?.destroy(error);
    void reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** Carries chunks from a reader to a request, each written out before the next is read. */
class BodyWriter {
  readonly #reader: ChunkReader;
  readonly #outgoing: OutgoingBody;
  readonly #sizeBytes: number;
  #isStopped = false;
  /** Whether every byte was handed over. */
  isComplete = false;

  constructor(reader: ChunkReader, outgoing: OutgoingBody, sizeBytes: number) {
    this.#reader = reader;
    this.#outgoing = outgoing;
    this.#sizeBytes = sizeBytes;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async writeAll(): Promise<void> {
    const size = this.#sizeBytes;
    let bytes = 0;
    while (bytes < size) {
      const chunk = await this.#reader.read();
      if (this.#isStopped) return;
      if (!chunk) throw wrongSize(`ended after ${bytes} of ${size} bytes`);
      bytes += chunk.byteLength;
      // The last piece waits for the source's end: with it the other side would take the body for whole.
      if (bytes < size) await this.#outgoing.write(chunk);
      else await this.#writeLast(chunk, bytes);
      if (this.#isStopped) return;
    }
    if (size === 0) await this.#writeLast(new Uint8Array(), 0);
  }

  async #writeLast(chunk: Uint8Array<ArrayBuffer>, bytes: number): Promise<void> {
    // A copy, because reading on may use its memory again.
    const last = new Uint8Array(chunk);
    if (bytes > this.#sizeBytes || await this.#reader.read()) {
      throw wrongSize(`is longer than ${this.#sizeBytes} bytes`);
    }
    if (this.#isStopped) return;
    this.isComplete = true;
    this.#outgoing.end(last);
  }
}

function wrongSize(what: string): CrossdockError {
  return new CrossdockError("integrity", `send a body: it ${what}`);
}
