import type { ChunkReader } from "./chunk_reader.ts";

/**
 * Splits the bytes of a reader into consecutive parts of known length. It buffers at most one chunk, while `FixedChunkStream` of
 * `@std/streams` buffers a whole part.
 */
export class ChunkSplitter {
  readonly #reader: ChunkReader;
  #rest: Uint8Array<ArrayBuffer> | undefined;

  constructor(reader: ChunkReader) {
    this.#reader = reader;
  }

  /** Returns a reader for the next `sizeBytes` bytes, or fewer at the end. The previous part must be read to its end first. */
  part(sizeBytes: number): ChunkReader {
    let left = sizeBytes;
    return {
      read: async () => {
        if (left === 0) return undefined;
        const chunk = this.#rest ?? await this.#reader.read();
        this.#rest = undefined;
        if (!chunk) return undefined;
        const head = chunk.subarray(0, left);
        left -= head.byteLength;
        if (head.byteLength < chunk.byteLength) this.#rest = chunk.subarray(head.byteLength);
        return head;
      },
      cancel: (reason) => this.#reader.cancel(reason),
    };
  }
}
