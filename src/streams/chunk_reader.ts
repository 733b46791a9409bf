/**
 * Reads a blob in chunks, like the default reader of a stream, with one difference.
 *
 * A chunk is valid until the next `read()`, which may reuse its memory. One buffer is then enough for a whole blob. On Deno, this
 * halves memory and CPU time of a copy (`bench/`). Small bodies are read with `limitBody()`.
 */
export interface ChunkReader {
  /** Returns the next chunk, which is never empty, or `undefined` at the end. */
  read(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Cancels the underlying stream. Never rejects. */
  cancel(reason?: unknown): Promise<void>;
}

/** Size of one read. No host is faster with more than 512 KiB, and sixteen parallel blobs need 8 MiB. */
const CHUNK_BYTES = 512 * 1024;

/** Buffers of bodies that were read to their end, for the next bodies. As garbage they stay in memory for long: they are no part of the heap. */
const idleBuffers: ArrayBuffer[] = [];

/** As many as a copy reads in parallel by default. */
const MAX_IDLE_BUFFERS = 16;

/** Reads a body chunk by chunk. Uses one buffer if the body is a byte stream, and new memory per chunk otherwise. */
export function readChunks(body: ReadableStream<Uint8Array<ArrayBuffer>>): ChunkReader {
  const byob = tryByobReader(body);
  return byob ? readIntoOneBuffer(byob) : readFreshChunks(body.getReader());
}

/** Reads the body of a response chunk by chunk. A response without a body has no chunks. */
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
    // Not a byte stream: bodies on Bun, and streams created without `type: "bytes"`.
    if (error instanceof TypeError && !body.locked) return undefined;
    throw error;
  }
}

function readIntoOneBuffer(reader: ReadableStreamBYOBReader): ChunkReader {
  let buffer: ArrayBuffer | undefined;
  let isEnded = false;
  return {
    async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      if (isEnded) return undefined;
      buffer ??= idleBuffers.pop() ?? new ArrayBuffer(CHUNK_BYTES);
      const { done, value } = await reader.read(new Uint8Array(buffer));
      buffer = value?.buffer;
      if (!done && value.byteLength > 0) return value;
      isEnded = true;
      // Only after the end: a cancelled body may have a chunk that is still being written.
      if (buffer && idleBuffers.length < MAX_IDLE_BUFFERS) idleBuffers.push(buffer);
      return undefined;
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
