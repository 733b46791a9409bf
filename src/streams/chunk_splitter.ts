import type { ChunkReader } from "./chunk_reader.ts";

/**
 * Splits the bytes of a reader into parts of known length, read one after the other. It holds one chunk at most, where
 * `FixedChunkStream` of `@std/streams` would hold a whole part.
 */
export class ChunkSplitter {
  readonly #reader: ChunkReader;
  #rest: Uint8Array<ArrayBuffer> | undefined;

  constructor(reader: ChunkReader) {
    this.#reader = reader;
  }

  /** Gives the next `sizeBytes` bytes, or the rest. Read the part before to its end first. */
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
