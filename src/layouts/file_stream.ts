import type { FileHandle } from "node:fs/promises";
import { CrossdockError } from "../errors.ts";
import { toFileError } from "./layout_error.ts";

/** Size of one read without a buffer of the reader. */
const CHUNK_BYTES = 512 * 1024;

/**
 * A byte stream of an open file, from `offset` to its end. Closes the file at the end, at an error and when it is cancelled. Reads
 * nothing ahead.
 *
 * @throws CrossdockError `unsupported` if it is not a regular file
 */
export async function openFileStream(
  handle: FileHandle,
  file: string,
  offset: number,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const found = await handle.stat();
  if (!found.isFile()) {
    await handle.close();
    throw new CrossdockError("unsupported", `read ${file}: it is not a regular file`);
  }
  let position = offset;
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: CHUNK_BYTES,
    async pull(controller: ReadableByteStreamController): Promise<void> {
      const request = controller.byobRequest;
      const view = request?.view;
      const buffer = view
        ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
        : new Uint8Array(CHUNK_BYTES);
      let bytesRead: number;
      try {
        ({ bytesRead } = await handle.read(buffer, 0, buffer.byteLength, position));
      } catch (error) {
        await handle.close();
        throw toFileError(error, `read ${file}`);
      }
      position += bytesRead;
      if (bytesRead === 0) {
        await handle.close();
        controller.close();
        request?.respond(0);
      } else if (request) request.respond(bytesRead);
      else controller.enqueue(buffer.subarray(0, bytesRead));
    },
    async cancel(): Promise<void> {
      await handle.close();
    },
  }, { highWaterMark: 0 });
}
