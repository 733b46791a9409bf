/**
 * Indexes a tar file: where the content of each entry is. The library parses the headers. It receives zeros in place of the content,
 * so indexing reads only the headers of a large archive.
 */
import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers";
import { createTarDecoder } from "modern-tar";
import type { ParsedTarEntry, TarHeader } from "modern-tar";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { readAt } from "./tar_file.ts";
import type { FileRange } from "./tar_file.ts";

/** An entry by its path. Folders have no entry. */
type TarEntry =
  | { readonly kind: "file"; readonly range: FileRange }
  /** A hard or symbolic link to another entry of the archive. */
  | { readonly kind: "link"; readonly target: string };

export type TarIndex = ReadonlyMap<string, TarEntry>;

/** The file to index. */
export interface TarInput {
  /** For messages. */
  readonly name: string;
  readonly file: FileHandle;
  readonly sizeBytes: number;
}

/** 200,000 entries need about 60 MiB. A mirror of 10,000 images has about as many blobs. */
const MAX_ENTRIES = 200_000;
const BLOCK_BYTES = 512;
/** Position of the type in a header block. The library returns unknown types, such as sparse files, as files. */
const TYPE_POSITION = 156;
/** The types of regular files: `0`, the old NUL, and `7` for a contiguous file. */
const FILE_TYPES = ["0", "\0", "7"];
const ZEROS = new Uint8Array(1024 * 1024);

/** Formats that are mistaken for tar files, by their first bytes. */
const OTHER_FORMATS: readonly { readonly name: string; readonly magic: readonly number[] }[] = [
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { name: "bzip2", magic: [0x42, 0x5a, 0x68] },
  { name: "zip", magic: [0x50, 0x4b, 0x03, 0x04] },
];

/**
 * Indexes a tar file and checks the path and the type of every entry.
 *
 * @throws CrossdockError `unsupported` for a file that is no tar file, and for entries with a path or link that leaves the archive,
 * devices and sparse files; `integrity` for a truncated or damaged file; `limit` for too many entries
 */
export async function indexTar(input: TarInput, options: CallOptions = {}): Promise<TarIndex> {
  return await new TarIndexer(input, options).run();
}

class TarIndexer {
  readonly #input: TarInput;
  readonly #signal: AbortSignal | undefined;
  readonly #entries = new Map<string, TarEntry>();
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<ParsedTarEntry>;
  /** The read that waits for the next entry. */
  #waiting: Promise<ReadableStreamReadResult<ParsedTarEntry>> | undefined;
  #position = 0;
  #lastName: string | undefined;

  constructor(input: TarInput, { signal }: CallOptions) {
    this.#input = input;
    this.#signal = signal;
    const { readable, writable } = createTarDecoder({ strict: true });
    this.#reader = readable.getReader();
    this.#writer = writable.getWriter();
    // The errors are reported by the calls that wait for them.
    this.#reader.closed.catch(() => {});
    this.#writer.closed.catch(() => {});
  }

  async run(): Promise<TarIndex> {
    const { file, sizeBytes } = this.#input;
    if (sizeBytes === 0) throw this.#error("unsupported", "it is empty, expected a tar archive");
    const block = new Uint8Array(BLOCK_BYTES);
    let zeroBlocks = 0;
    // Two blocks of zeros end the archive. Some tools write more after them.
    while (zeroBlocks < 2) {
      this.#signal?.throwIfAborted();
      const length = await readAt(file, block, this.#position);
      if (length < BLOCK_BYTES) throw await this.#toTruncated(length);
      zeroBlocks = block.every((byte) => byte === 0) ? zeroBlocks + 1 : 0;
      this.#position += BLOCK_BYTES;
      // The library keeps the chunks of an extended header.
      const entry = await this.#feed(block.slice());
      if (entry) await this.#add(entry, String.fromCharCode(block[TYPE_POSITION] ?? 0));
    }
    await this.#writer.close().catch((error) => this.#failHeader(error));
    for (const path of this.#entries.keys()) resolveEntry(this.#entries, path, this.#input.name);
    return this.#entries;
  }

  /** Passes bytes to the library. Returns the entry whose header they complete. */
  async #feed(bytes: Uint8Array<ArrayBuffer>): Promise<ParsedTarEntry | undefined> {
    try {
      await this.#writer.write(bytes);
      this.#waiting ??= this.#reader.read();
      const result = await Promise.race([this.#waiting, nextTurn()]);
      if (result === undefined) return undefined;
      this.#waiting = undefined;
      return result.value;
    } catch (error) {
      return await this.#failHeader(error);
    }
  }

  async #add({ header, body }: ParsedTarEntry, type: string): Promise<void> {
    const path = this.#normalise(header.name, header.name);
    this.#lastName = header.name;
    if (header.type === "file") {
      this.#checkFile(header, type);
      const range = { offset: this.#position, size: header.size };
      if (path !== "") this.#entries.set(path, { kind: "file", range });
      void body.cancel();
      await this.#skip(range);
    } else if (header.type === "link" || header.type === "symlink") {
      const target = this.#resolveLink(header, path);
      this.#entries.set(path, { kind: "link", target });
    } else if (header.type !== "directory") {
      throw this.#entryError(header.name, `is a ${header.type}, expected a file, folder or link`);
    }
    if (this.#entries.size > MAX_ENTRIES) {
      throw this.#error("limit", `it has more than ${MAX_ENTRIES} entries`);
    }
  }

  #checkFile({ name, pax = {} }: TarHeader, type: string): void {
    const isSparse = type === "S" || Object.keys(pax).some((key) => key.startsWith("GNU.sparse."));
    if (isSparse) throw this.#entryError(name, "is a sparse file, which is not supported");
    if (!FILE_TYPES.includes(type)) {
      throw this.#entryError(name, `has the unknown type ${quote(type)}`);
    }
  }

  async #skip({ offset, size }: FileRange): Promise<void> {
    const end = offset + size;
    if (end > this.#input.sizeBytes) throw this.#truncated(this.#input.sizeBytes - offset, size);
    let rest = size + (-size & (BLOCK_BYTES - 1));
    this.#position += rest;
    for (; rest > 0; rest -= ZEROS.byteLength) {
      await this.#writer.write(ZEROS.subarray(0, Math.min(rest, ZEROS.byteLength)));
    }
  }

  #resolveLink({ name, type, linkname = "" }: TarHeader, path: string): string {
    if (linkname.startsWith("/")) {
      throw this.#entryError(name, `is a link out of the archive, to ${quote(linkname)}`);
    }
    const folder = type === "symlink" ? path.slice(0, path.lastIndexOf("/") + 1) : "";
    const parts: string[] = [];
    for (const part of `${folder}${linkname}`.split("/")) {
      if (part === "" || part === ".") continue;
      if (part !== "..") parts.push(part);
      else if (parts.pop() === undefined) {
        throw this.#entryError(name, `is a link out of the archive, to ${quote(linkname)}`);
      }
    }
    return parts.join("/");
  }

  /** The path in its shortest form. Empty for the root folder. */
  #normalise(path: string, name: string): string {
    if (path.startsWith("/")) throw this.#entryError(name, "has an absolute path");
    const parts = path.split("/").filter((part) => part !== "" && part !== ".");
    if (parts.includes("..")) throw this.#entryError(name, 'has a path with ".."');
    return parts.join("/");
  }

  async #failHeader(cause: unknown): Promise<never> {
    if (cause instanceof CrossdockError) throw cause;
    const reason = cause instanceof Error ? cause.message.replace(/\.$/, "") : String(cause);
    if (this.#lastName === undefined && this.#position <= BLOCK_BYTES) throw await this.#notTar();
    const message = `the header after ${this.#describeLast()} is damaged: ${reason}`;
    throw this.#error("integrity", message, cause);
  }

  async #notTar(): Promise<CrossdockError> {
    const start = new Uint8Array(8);
    await readAt(this.#input.file, start, 0);
    const other = OTHER_FORMATS.find(({ magic }) => magic.every((byte, i) => start[i] === byte));
    const found = other ? `it is a ${other.name} file` : "it is not a tar archive";
    return this.#error("unsupported", `${found}, expected a tar archive, which may be gzipped`);
  }

  async #toTruncated(length: number): Promise<CrossdockError> {
    if (this.#position === 0) return await this.#notTar();
    const missing = length === 0
      ? "the end of the archive is missing"
      : `the header has ${length} of ${BLOCK_BYTES} bytes`;
    return this.#error("integrity", `it is truncated after ${this.#describeLast()}: ${missing}`);
  }

  #truncated(found: number, size: number): CrossdockError {
    const message = `it is truncated: the entry ${quote(this.#lastName ?? "")} has ` +
      `${Math.max(found, 0)} of ${size} bytes`;
    return this.#error("integrity", message);
  }

  #describeLast(): string {
    return this.#lastName === undefined ? "its start" : `the entry ${quote(this.#lastName)}`;
  }

  #entryError(name: string, fault: string): CrossdockError {
    return this.#error("unsupported", `the entry ${quote(name)} ${fault}`);
  }

  #error(
    code: "unsupported" | "integrity" | "limit",
    fault: string,
    cause?: unknown,
  ): CrossdockError {
    return new CrossdockError(code, `read ${this.#input.name}: ${fault}`, { cause });
  }
}

/**
 * Finds the content of an entry, through links.
 *
 * @returns `undefined` for a path without an entry
 * @throws CrossdockError `unsupported` for a loop of links
 */
export function resolveEntry(index: TarIndex, path: string, name: string): FileRange | undefined {
  let entry = index.get(path);
  for (const seen = new Set([path]); entry?.kind === "link"; entry = index.get(entry.target)) {
    if (seen.has(entry.target)) {
      const message = `read ${name}: the entry ${quote(path)} is part of a loop of links`;
      throw new CrossdockError("unsupported", message);
    }
    seen.add(entry.target);
  }
  return entry?.range;
}

/** Resolves after the promises that can be settled now. The library returns an entry within this time. */
export function nextTurn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(() => resolve(undefined)));
}
