/** Keeps a stream in a temporary file, because an archive must be read at any position. */
import type { FileHandle } from "node:fs/promises";
import process from "node:process";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { toFileError } from "./layout_error.ts";
import { writeAt } from "./tar_file.ts";
import { openTemporaryFile } from "./tar_temporary_file.ts";

/** A stream of bytes that can be stopped, such as a stream of Node. */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  destroy(error?: Error): unknown;
}

/**
 * Reads stdin to its end.
 *
 * @throws CrossdockError `usage` if stdin is a terminal
 */
export async function readStdin(options: CallOptions = {}): Promise<FileHandle> {
  if (process.stdin.isTTY) {
    throw new CrossdockError("usage", "read stdin: it is a terminal, expected an archive", {
      hint: 'pipe an archive into the command, such as "docker save app |"',
    });
  }
  return await writeTemporaryFile(process.stdin, options);
}

/**
 * Writes a stream to a temporary file. The file has no name, so it is gone when the process ends, however it ends.
 *
 * @param options.folder default: the folder of the system for temporary files, which `TMPDIR` sets
 * @throws the error of the stream; the signal's reason; CrossdockError if the file cannot be written
 */
export async function writeTemporaryFile(
  source: ByteSource,
  { folder, signal }: CallOptions & { readonly folder?: string },
): Promise<FileHandle> {
  signal?.throwIfAborted();
  // Before anything is awaited: an error of a stream of Node that nobody reads ends the process.
  const chunks = source[Symbol.asyncIterator]();
  const first = chunks.next();
  first.catch(() => {});
  const file = await openTemporaryFile(folder).catch((error) => {
    source.destroy();
    throw error;
  });
  const stop = (): void => void source.destroy(new Error("aborted"));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    signal?.throwIfAborted(); // it may be aborted since the first check
    let position = 0;
    for (let next = await first; !next.done; next = await chunks.next()) {
      await writeAt(file, next.value, position).catch((error) => {
        throw toFileError(error, "write a temporary file");
      });
      position += next.value.byteLength;
    }
    signal?.throwIfAborted();
    return file;
  } catch (error) {
    await file.close();
    source.destroy();
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
