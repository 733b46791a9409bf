/** A layout in a folder. Files appear under their final name only when they are complete. */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readdir, realpath, rename, stat, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import { MAX_INDEX_BYTES } from "./files.ts";
import type { FileWrite, LayoutWriter, OpenFileOptions } from "./files.ts";
import { fileErrorCode, toFileError } from "./layout_error.ts";
import { withLock } from "./lock_file.ts";
import { openFileStream } from "./file_stream.ts";
import { readSmallFile } from "./read_small_file.ts";

/** Temporary files. A transfer that still runs has changed its file since a day. */
const PARTIAL = /^\.crossdock-[0-9a-f-]+\.partial$/;
const STALE_PARTIAL_MS = 24 * 60 * 60 * 1000;
/** Files of another process that is creating the layout. */
const LOCK = /^(oci-layout|index\.json|version|manifest\.json)\.lock(\.stale)?$/;

/** Opens a folder for reading and writing. Touches nothing before the first call. */
export function openFolder(path: string): Folder {
  return new Folder(path);
}

export class Folder implements LayoutWriter {
  readonly name: string;
  /** Folders that exist and lie in this one. */
  readonly #folders = new Map<string, Promise<void>>();

  constructor(path: string) {
    this.name = path;
  }

  async state(): Promise<"missing" | "empty" | "used"> {
    try {
      const names = await this.list();
      return names.every((name) => PARTIAL.test(name) || LOCK.test(name)) ? "empty" : "used";
    } catch (error) {
      const code = fileErrorCode(error);
      if (code === "ENOENT") return "missing";
      if (code === "ENOTDIR") {
        throw new CrossdockError("conflict", `${this.name} is a file, expected a folder`, {
          cause: error,
          hint: "for a tar file write oci-archive: or docker-archive:",
        });
      }
      throw toFileError(error, `read ${this.name}`);
    }
  }

  /** The names of its files and folders. */
  async list(): Promise<string[]> {
    return await readdir(this.name);
  }

  async size(path: string): Promise<number | undefined> {
    const file = join(this.name, path);
    try {
      const found = await stat(file);
      if (found.isFile()) return found.size;
    } catch (error) {
      const code = fileErrorCode(error);
      if (code === "ENOENT") return undefined;
      // The folder itself may be a file.
      if (code === "ENOTDIR") await this.state();
      throw toFileError(error, `read ${file}`);
    }
    throw new CrossdockError("unsupported", `read ${file}: it is not a regular file`);
  }

  async open(
    path: string,
    { offset = 0, signal }: OpenFileOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const file = join(this.name, path);
    signal?.throwIfAborted();
    try {
      // Without O_NONBLOCK, opening a FIFO would wait for a writer.
      const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
      return openFileStream(handle, file, offset);
    } catch (error) {
      throw toFileError(error, `read ${file}`);
    }
  }

  async begin(path: string, _sizeBytes: number, options: CallOptions = {}): Promise<FileWrite> {
    options.signal?.throwIfAborted();
    await this.#makeFolder(dirname(path));
    return new FolderWrite(join(this.name, path));
  }

  async update(
    path: string,
    change: (current: Uint8Array<ArrayBuffer> | undefined) => Uint8Array<ArrayBuffer> | undefined,
    { signal }: CallOptions = {},
  ): Promise<void> {
    await this.#makeFolder(dirname(path));
    const file = join(this.name, path);
    await withLock(`${file}.lock`, async (checkLock) => {
      const current = await readSmallFile(this, path, { maxBytes: MAX_INDEX_BYTES, signal });
      const next = change(current);
      if (!next) return;
      if (next.byteLength > MAX_INDEX_BYTES) {
        throw new CrossdockError(
          "limit",
          `write ${file}: it would have ${next.byteLength} bytes, expected at most ${MAX_INDEX_BYTES}`,
          { hint: "write to another folder" },
        );
      }
      const write = new FolderWrite(file);
      try {
        await write.append(next);
        await checkLock();
        await write.commit();
      } finally {
        await write.discard();
      }
    }, { signal });
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }

  discard(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Creates a folder of the layout, and removes what killed processes left in it. Does so once for each folder. */
  #makeFolder(path: string): Promise<void> {
    const made = this.#folders.get(path) ?? this.#prepareFolder(path);
    this.#folders.set(path, made);
    made.catch(() => this.#folders.delete(path));
    return made;
  }

  async #prepareFolder(path: string): Promise<void> {
    const folder = join(this.name, path);
    try {
      await mkdir(this.name, { recursive: true });
      const root = await realpath(this.name);
      let parent = this.name;
      for (const part of path.split("/")) {
        parent = join(parent, part);
        await makeOne(parent);
        const real = await realpath(parent);
        if (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)) continue;
        throw new CrossdockError(
          "conflict",
          `write to ${parent}: it is a symbolic link to a folder outside of ${this.name}`,
        );
      }
      for (const name of await readdir(folder)) {
        if (PARTIAL.test(name)) await removeIfStale(join(folder, name));
      }
    } catch (error) {
      throw toFileError(error, `create folder ${folder}`);
    }
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (fileErrorCode(error) !== "EEXIST" || !(await stat(folder)).isDirectory()) throw error;
  }
}

async function removeIfStale(file: string): Promise<void> {
  try {
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs > STALE_PARTIAL_MS) await unlink(file);
  } catch {
    // Another process has removed it, or renamed it to its final name.
  }
}

/** A new file, under a temporary name until it is complete. It does not exist before the first byte. */
class FolderWrite implements FileWrite {
  readonly #file: string;
  readonly #temporary: string;
  #handle: FileHandle | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#temporary = join(dirname(file), `.crossdock-${randomUUID()}.partial`);
  }

  async write(chunks: ChunkReader, { signal }: CallOptions = {}): Promise<void> {
    try {
      for (let chunk = await chunks.read(); chunk; chunk = await chunks.read()) {
        signal?.throwIfAborted();
        await this.append(chunk);
      }
      await this.commit();
    } finally {
      await this.discard();
    }
  }

  async append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      const handle = await this.#open();
      for (let written = 0; written < bytes.byteLength;) {
        const { bytesWritten } = await handle.write(bytes, written);
        written += bytesWritten;
      }
    } catch (error) {
      throw toFileError(error, `write ${this.#file}`);
    }
  }

  /** Gives the file its name, after its content is on the disk. A crash never leaves an incomplete file under that name. */
  async commit(): Promise<void> {
    try {
      const handle = await this.#open();
      await handle.datasync();
      await handle.close();
      await rename(this.#temporary, this.#file);
      this.#handle = undefined;
    } catch (error) {
      throw toFileError(error, `write ${this.#file}`);
    }
  }

  async discard(): Promise<void> {
    const handle = this.#handle;
    if (!handle) return;
    this.#handle = undefined;
    await handle.close().catch(() => {});
    await unlink(this.#temporary).catch(() => {});
  }

  async #open(): Promise<FileHandle> {
    this.#handle ??= await open(this.#temporary, "wx");
    return this.#handle;
  }
}
