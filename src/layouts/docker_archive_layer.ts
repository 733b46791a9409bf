/** Compresses and decompresses layers, chunk by chunk. */
import type { Transform } from "node:stream";
import { createGunzip, createGzip, createZstdDecompress } from "node:zlib";
import { CrossdockError } from "../errors.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";

export type Compression = "none" | "gzip" | "zstd";

const CHUNK_BYTES = 256 * 1024;
const MAGIC_BYTES = 4;

/** The compression of content, by its first bytes. The media type of a layer may be wrong, and a tar archive begins with a name. */
export function detectCompression(start: Uint8Array): Compression {
  const [a, b, c, d] = start;
  if (a === 0x1f && b === 0x8b) return "gzip";
  return a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd ? "zstd" : "none";
}

/** Compresses with gzip. The same host gives the same bytes for the same content. */
export function compressChunks(chunks: ChunkReader): ChunkReader {
  return transformChunks(chunks, createGzip({ chunkSize: CHUNK_BYTES }));
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
  const plain = transformChunks(
    chunks,
    compression === "gzip"
      ? createGunzip({ chunkSize: CHUNK_BYTES })
      : createZstdDecompress({ chunkSize: CHUNK_BYTES }),
  );
  return {
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      try {
        return await plain.read();
      } catch (cause) {
        const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
        if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw cause;
        const message = `${what}: the ${compression} data is damaged or truncated`;
        throw new CrossdockError("integrity", message, { cause });
      }
    },
    cancel: plain.cancel,
  };
}

/** Reads the start of content, and returns a reader of all of it. */
export async function peekCompression(
  chunks: ChunkReader,
): Promise<{ readonly compression: Compression; readonly chunks: ChunkReader }> {
  const first = await chunks.read();
  // A shorter first chunk has no magic of zstd. Neither files nor HTTP bodies have one.
  const compression = detectCompression(first?.subarray(0, MAGIC_BYTES) ?? new Uint8Array());
  let isFirst = true;
  return {
    compression,
    chunks: {
      read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
        if (!isFirst) return chunks.read();
        isFirst = false;
        return Promise.resolve(first);
      },
      cancel: (reason) => chunks.cancel(reason),
    },
  };
}

/** Passes chunks through a stream of Node. A chunk is read only after the stream has used the one before. */
function transformChunks(chunks: ChunkReader, stream: Transform): ChunkReader {
  const output: AsyncIterator<Uint8Array<ArrayBuffer>> = stream[Symbol.asyncIterator]();
  let isStarted = false;

  async function feed(): Promise<void> {
    try {
      for (let chunk = await chunks.read(); chunk; chunk = await chunks.read()) {
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
      const { done, value } = await output.next();
      return done ? undefined : value;
    },
    async cancel(reason): Promise<void> {
      stream.destroy();
      await chunks.cancel(reason);
    },
  };
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
