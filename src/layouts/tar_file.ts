/** Reads and writes byte ranges of an open file. Every call names its position, so several streams can share the file. */
import type { FileHandle } from "node:fs/promises";
import { CrossdockError } from "../errors.ts";
import { toFileError } from "./layout_error.ts";

/** The chunk size for readers that bring no buffer. */
const CHUNK_BYTES = 256 * 1024;

/** A part of a file. */
export interface FileRange {
  readonly offset: number;
  readonly size: number;
}

/**
 * Fills a buffer from a file.
 *
 * @returns the number of bytes, which is smaller than the buffer only at the end of the file
 */
export async function readAt(
  file: FileHandle,
  buffer: Uint8Array,
  position: number,
): Promise<number> {
  let length = 0;
  while (length < buffer.byteLength) {
    const { bytesRead } = await file.read(
      buffer,
      length,
      buffer.byteLength - length,
      position + length,
    );
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

/** Writes a whole buffer to a file. */
export async function writeAt(
  file: FileHandle,
  buffer: Uint8Array,
  position: number,
): Promise<void> {
  let length = 0;
  while (length < buffer.byteLength) {
    const { bytesWritten } = await file.write(
      buffer,
      length,
      buffer.byteLength - length,
      position + length,
    );
    length += bytesWritten;
  }
}

/**
 * Streams a part of a file. The reader's buffer is filled directly, so one buffer is enough for a whole blob.
 *
 * @param what for messages: `read app.tar: "blobs/sha256/…"`
 */
export function streamRange(
  file: FileHandle,
  { offset, size }: FileRange,
  what: string,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let position = offset;
  const end = offset + size;
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: CHUNK_BYTES,
    async pull(controller): Promise<void> {
      const request = controller.byobRequest;
      const view = request?.view;
      if (position === end) {
        controller.close();
        request?.respond(0);
        return;
      }
      const length = Math.min(view?.byteLength ?? CHUNK_BYTES, end - position);
      const buffer = view
        ? new Uint8Array(view.buffer, view.byteOffset, length)
        : new Uint8Array(length);
      let bytesRead: number;
      try {
        ({ bytesRead } = await file.read(buffer, 0, length, position));
      } catch (error) {
        throw toFileError(error, what);
      }
      if (bytesRead === 0) {
        throw new CrossdockError("integrity", `${what}: the file became shorter meanwhile`);
      }
      position += bytesRead;
      if (request) request.respond(bytesRead);
      else controller.enqueue(buffer.subarray(0, bytesRead));
    },
  });
}
