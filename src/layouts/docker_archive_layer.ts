/** Compresses and decompresses layers, chunk by chunk. */
import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { CrossdockError } from "../errors.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";

export type Compression = "none" | "gzip" | "zstd";

const CHUNK_BYTES = 256 * 1024;
const MAGIC_BYTES = 4;

/** The compression of content, by its first bytes. The media type of a layer may be wrong, and a tar archive begins with a name. */
function detectCompression(start: Uint8Array): Compression {
  const [a, b, c, d] = start;
  if (a === 0x1f && b === 0x8b) return "gzip";
  return a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd ? "zstd" : "none";
}

/** Compresses with gzip. The same host gives the same bytes for the same content. */
export function compressChunks(chunks: ChunkReader): ChunkReader {
  return transformChunks(chunks, zlib.createGzip({ chunkSize: CHUNK_BYTES }));
}

/**
 * Decompresses a layer. An uncompressed one is returned unchanged.
 *
 * @param what for messages: `decompress layer sha256:…`
 */
export function decompressChunks(
  chunks: ChunkReader,
  compression: Compression,
  what: string,
): ChunkReader {
  if (compression === "none") return chunks;
  // Deno and Bun do not notice truncated zstd data. The check of the diff_id does.
  return transformChunks(chunks, createDecompressor(compression, what), (cause) => {
    const message = `${what}: the ${compression} data is damaged or truncated`;
    return new CrossdockError("integrity", message, { cause });
  });
}

function createDecompressor(compression: "gzip" | "zstd", what: string): Transform {
  const options = { chunkSize: CHUNK_BYTES };
  if (compression === "gzip") return zlib.createGunzip(options);
  // Node has zstd since 22.15.
  if ("createZstdDecompress" in zlib) return zlib.createZstdDecompress(options);
  throw new CrossdockError("unsupported", `${what}: this version of Node has no zstd`, {
    hint: "use Node 24 or newer",
  });
}

/** Reads the start of content, and returns a reader of all of it. */
export async function peekCompression(
  chunks: ChunkReader,
): Promise<{ readonly compression: Compression; readonly chunks: ChunkReader }> {
  let start = new Uint8Array();
  while (start.byteLength < MAGIC_BYTES) {
    const chunk = await chunks.read();
    if (!chunk) break;
    // A copy only of a tiny chunk. The memory of a chunk is valid until the next read.
    start = start.byteLength === 0 && chunk.byteLength >= MAGIC_BYTES
      ? chunk
      : new Uint8Array([...start, ...chunk]);
  }
  let first: Uint8Array<ArrayBuffer> | undefined = start.byteLength > 0 ? start : undefined;
  return {
    compression: detectCompression(start.subarray(0, MAGIC_BYTES)),
    chunks: {
      read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
        if (!first) return chunks.read();
        const chunk = first;
        first = undefined;
        return Promise.resolve(chunk);
      },
      cancel: (reason) => chunks.cancel(reason),
    },
  };
}

/**
 * Passes chunks through a stream of Node. A chunk is read only after the stream has used the one before.
 *
 * @param toError the error for a failure of the stream. Errors of `chunks` are thrown unchanged.
 */
function transformChunks(
  chunks: ChunkReader,
  stream: Transform,
  toError: (cause: unknown) => unknown = (cause) => cause,
): ChunkReader {
  const output: AsyncIterator<Uint8Array<ArrayBuffer>> = stream[Symbol.asyncIterator]();
  let source: { readonly error: unknown } | undefined;
  let isStarted = false;
  let last: Uint8Array<ArrayBuffer> | undefined;

  async function readSource(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await chunks.read();
    } catch (error) {
      source = { error };
      throw error;
    }
  }

  async function feed(): Promise<void> {
    try {
      for (let chunk = await readSource(); chunk; chunk = await readSource()) {
        await write(stream, chunk);
      }
      stream.end();
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  return {
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      if (!isStarted) void feed();
      isStarted = true;
      if (last) free(last);
      last = undefined;
      try {
        const { done, value } = await output.next();
        if (done) return undefined;
        last = value;
        return value;
      } catch (error) {
        throw source ? source.error : toError(error);
      }
    },
    async cancel(reason): Promise<void> {
      stream.destroy();
      await chunks.cancel(reason);
    },
  };
}

/**
 * Frees the memory of a chunk that was used. The streams of `node:zlib` allocate a new buffer as soon as one is full, faster than the
 * garbage collector runs: this saves 60 MiB.
 */
function free({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): void {
  const isFull = byteOffset + byteLength === buffer.byteLength;
  if (isFull && buffer.byteLength === CHUNK_BYTES) buffer.transfer(0);
}

function write(stream: Transform, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error("the stream was closed"));
    stream.once("close", onClose);
    stream.write(chunk, (error) => {
      stream.off("close", onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
