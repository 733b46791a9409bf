/** The file that a tar archive is written to, until it is complete. */
import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, rename, stat, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import process from "node:process";
import { finished } from "node:stream/promises";
import { CrossdockError } from "../errors.ts";
import { fileErrorCode, toFileError } from "./layout_error.ts";
import { readAt } from "./tar_file.ts";
import { indexTar } from "./tar_index.ts";
import { openTemporaryFile } from "./tar_temporary_file.ts";

const COPY_BYTES = 256 * 1024;

/** An archive that is being written. */
export interface TarOutput {
  /** Open for reading and writing. */
  readonly file: FileHandle;
  /** Gives the complete archive of this size its name, or sends it. Closes the file. */
  publish(sizeBytes: number): Promise<void>;
  /** Removes the archive. Never rejects. */
  discard(): Promise<void>;
}

/**
 * Creates a temporary file for an archive: beside `path`, or without a name if `path` is stdout or a pipe.
 *
 * @param path `-` for stdout
 * @param name for messages
 * @throws CrossdockError `conflict` if `path` exists and is no tar archive; `denied` or `not_found` for its folder
 */
export async function openTarOutput(path: string, name: string): Promise<TarOutput> {
  if (path === "-") {
    if (process.stdout.isTTY) {
      throw new CrossdockError("usage", "write stdout: it is a terminal, expected a file or pipe");
    }
    return await openPiped(name, () => process.stdout);
  }
  try {
    const status = await stat(path).catch((error) => {
      if (fileErrorCode(error) !== "ENOENT") throw error;
    });
    if (status?.isDirectory()) {
      throw new CrossdockError("conflict", `write ${name}: it is a folder, expected a tar file`, {
        hint: `name a file in it, such as ${path}/image.tar`,
      });
    }
    if (status && !status.isFile()) return await openPiped(name, () => createWriteStream(path));
    if (status && status.size > 0) await checkReplaced(path, name);
    return await openNamed(path, name);
  } catch (error) {
    throw toFileError(error, `write ${name}`);
  }
}

/** Checks that the file to be replaced is an archive, and not another file by mistake. */
async function checkReplaced(path: string, name: string): Promise<void> {
  const file = await open(path, "r");
  try {
    const { size: sizeBytes } = await file.stat();
    await indexTar({ name, file, sizeBytes });
  } catch (cause) {
    if (!(cause instanceof CrossdockError)) throw cause;
    const message = `write ${name}: it exists and is not a complete tar archive`;
    const hint = "delete it first, or write to another file";
    throw new CrossdockError("conflict", message, { cause, hint });
  } finally {
    await file.close();
  }
}

async function openNamed(path: string, name: string): Promise<TarOutput> {
  const temporary = `${path}.${randomUUID()}.part`;
  const file = await open(temporary, "wx+");
  const discard = async (): Promise<void> => {
    await file.close().catch(() => {});
    await unlink(temporary).catch(() => {});
  };
  return {
    file,
    discard,
    async publish(sizeBytes): Promise<void> {
      try {
        await file.truncate(sizeBytes);
        await file.close();
        await rename(temporary, path);
      } catch (error) {
        await discard();
        throw toFileError(error, `write ${name}`);
      }
    },
  };
}

async function openPiped(
  name: string,
  openPipe: () => NodeJS.WritableStream,
): Promise<TarOutput> {
  const file = await openTemporaryFile();
  const discard = (): Promise<void> => file.close().catch(() => {});
  return {
    file,
    discard,
    async publish(sizeBytes): Promise<void> {
      try {
        await send(file, sizeBytes, openPipe());
      } catch (error) {
        throw toFileError(error, `write ${name}`);
      } finally {
        await discard();
      }
    },
  };
}

async function send(
  file: FileHandle,
  sizeBytes: number,
  pipe: NodeJS.WritableStream,
): Promise<void> {
  const isStdout = pipe === process.stdout;
  const end = isStdout ? undefined : finished(pipe);
  end?.catch(() => {}); // Also reported by write().
  for (let position = 0; position < sizeBytes;) {
    const buffer = new Uint8Array(Math.min(COPY_BYTES, sizeBytes - position));
    const length = await readAt(file, buffer, position);
    if (length === 0) break;
    await write(pipe, buffer.subarray(0, length));
    position += length;
  }
  if (isStdout) return;
  pipe.end();
  await end;
}

function write(pipe: NodeJS.WritableStream, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    pipe.write(chunk, (error) => error ? reject(error) : resolve());
  });
}
