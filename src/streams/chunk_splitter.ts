import type { ChunkReader } from "./chunk_reader.ts";

/**
 * Gives a reader out in parts of known length, one after the other, without holding more than one chunk. `@std/streams`
 * `FixedChunkStream` would hold a whole part.
 */
export class ChunkSplitter {
  readonly #reader: ChunkReader;
  #rest: Uint8Array<ArrayBuffer> | undefined;

  constructor(reader: ChunkReader) {
    this.#reader = reader;
  }

  /** The next `sizeBytes` bytes, or what is left. The part before it has to be read to its end. */
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
