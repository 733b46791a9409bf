/** Decompresses a gzipped file, because a tar file must be read at any position. */
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { readAt } from "./tar_file.ts";
import { writeTemporaryFile } from "./stdin_file.ts";

const CHUNK_BYTES = 256 * 1024;

/** Whether a file begins like a gzipped one. */
export async function isGzip(file: FileHandle): Promise<boolean> {
  const start = new Uint8Array(2);
  await readAt(file, start, 0);
  return start[0] === 0x1f && start[1] === 0x8b;
}

/**
 * Decompresses a file to a temporary one.
 *
 * @param name of the compressed file, for messages
 * @throws CrossdockError `integrity` for a damaged or truncated file
 */
export async function gunzipFile(
  file: FileHandle,
  name: string,
  options: CallOptions = {},
): Promise<FileHandle> {
  const compressed = Readable.from(readAll(file), { objectMode: false });
  const plain = compressed.pipe(createGunzip({ chunkSize: CHUNK_BYTES }));
  compressed.on("error", (error) => plain.destroy(error));
  try {
    return await writeTemporaryFile(plain, options);
  } catch (cause) {
    if (!(cause instanceof Error && "code" in cause && /^Z_/.test(String(cause.code)))) throw cause;
    const fault = cause.code === "Z_BUF_ERROR" ? "it is truncated" : "it is damaged";
    throw new CrossdockError("integrity", `decompress ${name}: ${fault}: ${cause.message}`, {
      cause,
    });
  } finally {
    compressed.destroy();
    plain.destroy();
  }
}

async function* readAll(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let position = 0;;) {
    const buffer = new Uint8Array(CHUNK_BYTES);
    const length = await readAt(file, buffer, position);
    if (length === 0) return;
    position += length;
    yield buffer.subarray(0, length);
  }
}
