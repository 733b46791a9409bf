/**
 * The port between the formats of a layout and their storage. `oci:` stores a layout in a folder, `oci-archive:` in a tar file.
 */
import type { CallOptions } from "../content.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";

export interface OpenFileOptions extends CallOptions {
  /** First byte to read. Default: 0. */
  readonly offset?: number | undefined;
}

/**
 * Reads the files of a layout. A path is relative to the root of the layout, in its shortest form: `blobs/sha256/…`. It never comes
 * from outside unchecked: no `..`, no leading `/`.
 */
export interface LayoutReader {
  /** The folder or the file as the user wrote it, for messages. */
  readonly name: string;
  /** Whether the folder is missing or empty. A tar file that is read is `used`, one that is written is `missing`. */
  state(options?: CallOptions): Promise<"missing" | "empty" | "used">;
  /**
   * The size of a file in bytes. `undefined` if it does not exist.
   *
   * @throws CrossdockError if the storage cannot be read, or if the path is not a regular file
   */
  size(path: string, options?: CallOptions): Promise<number | undefined>;
  /**
   * Opens a file. The stream is a byte stream (`type: "bytes"`), so that one buffer is enough for a whole blob.
   *
   * @throws CrossdockError `not_found` for a missing file
   */
  open(path: string, options?: OpenFileOptions): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
  /** Closes open files. Never rejects. Call it once, after the last read. */
  close(): Promise<void>;
}

/** The place for one new file. */
export interface FileWrite {
  /**
   * Writes the chunks and gives the file its name. The file exists only after this resolves. The caller checks size and digest: the
   * chunks end only if both are right, and `read()` rejects otherwise.
   *
   * @throws any error of the chunks; CrossdockError if the storage cannot be written
   */
  write(chunks: ChunkReader, options?: CallOptions): Promise<void>;
  /** Removes what was written, and frees the place. Does nothing after `write()` resolved. Never rejects. */
  discard(): Promise<void>;
}

/** Reads and writes the files of a layout. Creates nothing before the first `begin()` or `update()`. */
export interface LayoutWriter extends LayoutReader {
  /**
   * Prepares a new file of exactly `sizeBytes`. A storage that writes one file at a time waits here until the file before is written or
   * discarded, so that no source is open meanwhile.
   */
  begin(path: string, sizeBytes: number, options?: CallOptions): Promise<FileWrite>;
  /**
   * Replaces a small file, such as `index.json`, in one piece. `change` receives the current content, or `undefined`, and returns the new
   * content, or `undefined` to leave the file unchanged. No other process changes the file meanwhile. Changes of one process are serialised.
   * A tar file may keep the content in memory until `finish()`.
   */
  update(
    path: string,
    change: (current: Uint8Array<ArrayBuffer> | undefined) => Uint8Array<ArrayBuffer> | undefined,
    options?: CallOptions,
  ): Promise<void>;
  /** Completes the storage after a copy that succeeded: a tar file gets its end and its name. Does nothing if nothing was written. */
  finish(): Promise<void>;
  /** Removes what cannot be used after a copy that failed. Blobs in a folder stay, for the next attempt. Never rejects. */
  discard(): Promise<void>;
}

/** The largest small file that `update()` and `readSmallFile()` accept: `index.json` of a layout with thousands of tags. */
export const MAX_INDEX_BYTES = 4 * 1024 * 1024;
