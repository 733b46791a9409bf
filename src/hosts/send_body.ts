import { CrossdockError } from "../errors.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";

/** An open request of known length whose body is sent in chunks. */
export interface OutgoingBody {
  /** Settles once. An unawaited rejection is not reported as unhandled. */
  readonly response: Promise<Response>;
  /**
   * Resolves when the memory of the chunk can be reused. A failed write stays pending; `response` settles with the cause: an
   * early response, an abort or a closed connection.
   */
  write(chunk: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Sends the last chunk, which may be empty. */
  end(chunk: Uint8Array<ArrayBuffer>): void;
  /** Closes the connection, so that the server never accepts an incomplete body. */
  destroy(reason: unknown): void;
}

/**
 * Sends a body from a reader to the request that `open` creates, and returns the response. Implements
 * {@linkcode Runtime.upload}.
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
    // It may fail after the response arrived, when it is no longer awaited.
    written.catch(() => {});
    await Promise.race([written, outgoing.response]);
    if (writer.isComplete) return await outgoing.response;
    writer.stop();
    const response = await outgoing.response;
    void reader.cancel(new Error("the response arrived before the end of the body")).catch(
      () => {},
    );
    return response;
  } catch (error) {
    outgoing?.destroy(error);
    void reader.cancel(error).catch(() => {});
    throw error;
  }
}

/** Writes chunks from a reader to a request. Writes each chunk before it reads the next one. */
class BodyWriter {
  readonly #reader: ChunkReader;
  readonly #outgoing: OutgoingBody;
  readonly #sizeBytes: number;
  #isStopped = false;
  /** Whether all bytes were written. */
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
      // The last chunk waits for the end of the source, because with it the server accepts the body as complete.
      if (bytes < size) await this.#outgoing.write(chunk);
      else await this.#writeLast(chunk, bytes);
      if (this.#isStopped) return;
    }
    if (size === 0) await this.#writeLast(new Uint8Array(), 0);
  }

  async #writeLast(chunk: Uint8Array<ArrayBuffer>, bytes: number): Promise<void> {
    // A copy, because the next read may reuse its memory.
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
  return new CrossdockError("integrity", `send body: the body ${what}`);
}
