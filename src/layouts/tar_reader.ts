/** Reads the files of a layout from a tar file, at random. Nothing is unpacked. */
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import type { LayoutReader, OpenFileOptions } from "./files.ts";
import { gunzipFile, isGzip } from "./gzip_file.ts";
import { toFileError } from "./layout_error.ts";
import { readStdin, writeTemporaryFile } from "./stdin_file.ts";
import { streamRange } from "./tar_file.ts";
import type { FileRange } from "./tar_file.ts";
import { indexTar, resolveEntry } from "./tar_index.ts";
import type { TarIndex } from "./tar_index.ts";

/**
 * Opens a tar file and indexes its entries.
 *
 * stdin, a pipe and a gzipped file are read once, into a temporary file that disappears with the process.
 *
 * @param path `-` for stdin
 * @throws CrossdockError `not_found` or `denied` for the file, and the errors of `indexTar()`
 */
export async function openTarReader(path: string, options: CallOptions = {}): Promise<TarReader> {
  const name = path === "-" ? "stdin" : path;
  let file = await openSeekable(path, options);
  try {
    if (await isGzip(file)) {
      const compressed = file;
      file = await gunzipFile(compressed, name, options);
      await compressed.close();
    }
    const { size: sizeBytes } = await file.stat();
    return new TarReader(name, file, await indexTar({ name, file, sizeBytes }, options));
  } catch (error) {
    await file.close();
    throw toFileError(error, `read ${name}`);
  }
}

async function openSeekable(path: string, options: CallOptions): Promise<FileHandle> {
  if (path === "-") return await readStdin(options);
  try {
    const status = await stat(path);
    if (status.isDirectory()) {
      throw new CrossdockError("conflict", `read ${path}: it is a folder, expected a tar file`, {
        hint: "for a folder write oci: or dir:",
      });
    }
    if (status.isFile()) return await open(path, "r");
    return await writeTemporaryFile(createReadStream(path), options);
  } catch (error) {
    throw toFileError(error, `read ${path}`);
  }
}

/** The entries of a tar file. */
export class TarReader implements LayoutReader {
  readonly name: string;
  readonly #file: FileHandle;
  readonly #index: TarIndex;

  constructor(name: string, file: FileHandle, index: TarIndex) {
    this.name = name;
    this.#file = file;
    this.#index = index;
  }

  state(): Promise<"used"> {
    return Promise.resolve("used");
  }

  size(path: string): Promise<number | undefined> {
    return Promise.resolve().then(() => this.#find(path)?.size);
  }

  // deno-lint-ignore require-await -- an error must reject
  async open(
    path: string,
    { offset = 0 }: OpenFileOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const range = this.#find(path);
    if (!range) {
      throw new CrossdockError("not_found", `read ${this.name}: it has no entry ${quote(path)}`);
    }
    const rest = { offset: range.offset + offset, size: Math.max(range.size - offset, 0) };
    return streamRange(this.#file, rest, `read ${this.name}: ${quote(path)}`);
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  #find(path: string): FileRange | undefined {
    const range = resolveEntry(this.#index, path, this.name);
    const entry = this.#index.get(path);
    if (!range && entry?.kind === "link") {
      const message =
        `read ${this.name}: the entry ${quote(path)} is a link to ${quote(entry.target)}, ` +
        "which is not a file of the archive";
      throw new CrossdockError("integrity", message);
    }
    return range;
  }
}
