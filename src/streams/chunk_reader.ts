/**
 * Reads the bytes of a blob on their way, like the default reader of a stream, with one difference.
 *
 * A chunk belongs to its reader until the next `read()`; its memory may then be used again. So one buffer carries a whole blob, which
 * on Deno halves the memory and the CPU time of a copy (`bench/`). Small bodies are read with `limitBody()`.
 */
export interface ChunkReader {
  /** Gives the next chunk, which is never empty, or `undefined` at the end. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Cancels the source of the bytes. Never rejects. */
  cancel(reason?: unknown): Promise<void>;
}

/** The size of one read. No host gets faster beyond 512 KiB, and sixteen blobs at once hold 8 MiB. */
const CHUNK_BYTES = 512 * 1024;

/** Reads a body chunk by chunk. It uses one buffer where the host's bodies are byte streams, and fresh memory elsewhere. */
export function readChunks(body: ReadableStream<Uint8Array<ArrayBuffer>>): ChunkReader {
  const byob = tryByobReader(body);
  return byob ? readIntoOneBuffer(byob) : readFreshChunks(body.getReader());
}

/** Reads the body of a response. A response without a body has no chunks. */
export function readBody(response: Response): ChunkReader {
  if (response.body) return readChunks(response.body);
  return { read: () => Promise.resolve(undefined), cancel: () => Promise.resolve() };
}

function tryByobReader(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): ReadableStreamBYOBReader | undefined {
  try {
    return body.getReader({ mode: "byob" });
  } catch (error) {
    // Bodies on Bun, and streams made without `type: "bytes"`.
    if (error instanceof TypeError && !body.locked) return undefined;
    throw error;
  }
}

function readIntoOneBuffer(reader: ReadableStreamBYOBReader): ChunkReader {
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  return {
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value) buffer = value.buffer;
      return done || !value || value.byteLength === 0 ? undefined : value;
    },
    cancel: (reason) => reader.cancel(reason).catch(() => {}),
  };
}

function readFreshChunks(
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): ChunkReader {
  return {
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        if (value.byteLength > 0) return value;
      }
    },
    cancel: (reason) => reader.cancel(reason).catch(() => {}),
  };
}
