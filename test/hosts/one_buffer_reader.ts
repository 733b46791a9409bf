/** Bodies for uploads. They use web APIs only, so that a Worker can use them too. */
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";

/** Reads `sizeBytes` in chunks of one buffer that each read overwrites, as readChunks() may. */
export class OneBufferReader implements ChunkReader {
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #sizeBytes: number;
  bytes = 0;
  cancelled: unknown[] = [];

  constructor(sizeBytes: number, chunkBytes = 64 * 1024) {
    this.#sizeBytes = sizeBytes;
    this.#buffer = new Uint8Array(chunkBytes);
  }

  read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const size = Math.min(this.#buffer.byteLength, this.#sizeBytes - this.bytes);
    this.#buffer.fill(0xff);
    if (size === 0) return Promise.resolve(undefined);
    for (let i = 0; i < size; i++) this.#buffer[i] = byteAt(this.bytes + i);
    this.bytes += size;
    return Promise.resolve(this.#buffer.subarray(0, size));
  }

  cancel(reason?: unknown): Promise<void> {
    this.cancelled.push(reason);
    return Promise.resolve();
  }
}

export function byteAt(offset: number): number {
  return (offset ^ (offset >> 8) ^ (offset >> 16)) & 0x7f;
}

/** A reader of `chunks` pieces of 64 KiB that then calls the given function. */
export function readerWith(chunks: number, then: () => Promise<undefined>): OneBufferReader {
  const reader = new OneBufferReader(Number.MAX_SAFE_INTEGER);
  const read = reader.read.bind(reader);
  let count = 0;
  reader.read = () => count++ < chunks ? read() : then();
  return reader;
}
