import { randomUUID } from "node:crypto";
import { open, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toFileError } from "./layout_error.ts";

/**
 * Opens a temporary file for reading and writing. Its name is removed at once, so the operating system frees it when the process
 * ends, however it ends.
 *
 * @param folder default: the folder of the system for temporary files, which `TMPDIR` sets
 * @throws CrossdockError if the folder cannot be written
 */
export async function openTemporaryFile(folder: string = tmpdir()): Promise<FileHandle> {
  const path = join(folder, `crossdock-${randomUUID()}`);
  try {
    const file = await open(path, "wx+", 0o600);
    await unlink(path);
    return file;
  } catch (error) {
    throw toFileError(error, `create a temporary file in ${folder}`);
  }
}
