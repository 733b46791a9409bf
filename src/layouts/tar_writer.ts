/** Writes the files of a layout into a tar file, which gets its name only when it is complete. */
import type { FileHandle } from "node:fs/promises";
import { createTarPacker, packTar } from "modern-tar";
import type { TarHeader } from "modern-tar";
import type { CallOptions } from "../content.ts";
import { CrossdockError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import { readBody } from "../streams/chunk_reader.ts";
import type { ChunkReader } from "../streams/chunk_reader.ts";
import type { FileWrite, LayoutWriter, OpenFileOptions } from "./files.ts";
import { toFileError } from "./layout_error.ts";
import { streamRange, writeAt } from "./tar_file.ts";
import type { FileRange } from "./tar_file.ts";
import { nextTurn } from "./tar_index.ts";
import { openTarOutput } from "./tar_output.ts";
import type { TarOutput } from "./tar_output.ts";

const BLOCK_BYTES = 512;
/** The same content gives the same archive. */
const HEADER = { mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) } as const;

/**
 * A tar file that is written, one entry at a time. It is a temporary file beside `path` until `finish()` renames it. An archive at `path` is
 * replaced as a whole. For stdout and pipes, `finish()` sends the complete archive.
 */
export class TarWriter implements LayoutWriter {
  readonly name: string;
  readonly #path: string;
  readonly #entries = new Map<string, FileRange>();
  /** Small files that can still change. They are the last entries. */
  readonly #small = new Map<string, Uint8Array<ArrayBuffer>>();
  #output: Promise<TarOutput> | undefined;
  /** The end of the complete entries. */
  #end = 0;
  /** Settles when the entry that is being written is complete or discarded. */
  #turn: Promise<void> = Promise.resolve();

  /** @param path `-` for stdout */
  constructor(path: string) {
    this.#path = path;
    this.name = path === "-" ? "stdout" : path;
  }

  state(): Promise<"missing"> {
    return Promise.resolve("missing");
  }

  size(path: string): Promise<number | undefined> {
    return Promise.resolve(this.#small.get(path)?.byteLength ?? this.#entries.get(path)?.size);
  }

  async open(
    path: string,
    { offset = 0 }: OpenFileOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const small = this.#small.get(path);
    if (small) return new Blob([small.subarray(offset)]).stream();
    const range = this.#entries.get(path);
    if (!range || !this.#output) {
      throw new CrossdockError("not_found", `read ${this.name}: it has no entry ${quote(path)}`);
    }
    const rest = { offset: range.offset + offset, size: Math.max(range.size - offset, 0) };
    return streamRange((await this.#output).file, rest, `read ${this.name}: ${quote(path)}`);
  }

  async begin(path: string, sizeBytes: number, options: CallOptions = {}): Promise<FileWrite> {
    return await this.#begin(path, sizeBytes, options);
  }

  /** Prepares a new file whose size is known only after it was written, such as a layer that is decompressed. */
  async beginUnsized(path: string, options: CallOptions = {}): Promise<FileWrite> {
    return await this.#begin(path, undefined, options);
  }

  update(
    path: string,
    change: (current: Uint8Array<ArrayBuffer> | undefined) => Uint8Array<ArrayBuffer> | undefined,
  ): Promise<void> {
    return Promise.resolve().then(() => {
      const changed = change(this.#small.get(path));
      if (changed) this.#small.set(path, changed);
    });
  }

  async finish(): Promise<void> {
    if (!this.#output && this.#small.size === 0) return;
    for (const [path, bytes] of this.#small) {
      const write = await this.begin(path, bytes.byteLength);
      await write.write(readBody(new Response(bytes)));
    }
    const output = await this.#open();
    try {
      const end = await packTar([]);
      await writeAt(output.file, end, this.#end);
      await output.publish(this.#end + end.byteLength);
      this.#output = undefined;
    } catch (error) {
      throw toFileError(error, `write ${this.name}`);
    }
  }

  async discard(): Promise<void> {
    const output = await this.#output?.catch(() => undefined);
    this.#output = undefined;
    await output?.discard();
  }

  async close(): Promise<void> {
    await this.discard();
  }

  #open(): Promise<TarOutput> {
    this.#output ??= openTarOutput(this.#path, this.name);
    return this.#output;
  }

  async #begin(
    path: string,
    sizeBytes: number | undefined,
    { signal }: CallOptions,
  ): Promise<FileWrite> {
    const release = await this.#takeTurn(signal);
    try {
      const { file } = await this.#open();
      return this.#createWrite(file, path, sizeBytes, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Waits until no entry is being written. Returns the function that lets the next one begin. */
  async #takeTurn(signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    const before = this.#turn;
    const turn = Promise.withResolvers<void>();
    const stop = Promise.withResolvers<never>();
    const onAbort = (): void => stop.reject(signal?.reason);
    this.#turn = turn.promise;
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([before, stop.promise]);
      return turn.resolve;
    } catch (error) {
      void before.then(turn.resolve);
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #createWrite(
    file: FileHandle,
    path: string,
    sizeBytes: number | undefined,
    release: () => void,
  ): FileWrite {
    return {
      write: async (chunks, { signal } = {}): Promise<void> => {
        try {
          // Two copies of one blob may both find that it is missing.
          if (this.#entries.has(path)) return await chunks.cancel();
          await this.#write(file, path, { sizeBytes, chunks, signal });
        } finally {
          release();
        }
      },
      // An entry that is not complete is overwritten by the next one.
      discard: () => Promise.resolve(release()),
    };
  }

  async #write(file: FileHandle, path: string, entry: {
    readonly sizeBytes: number | undefined;
    readonly chunks: ChunkReader;
    readonly signal: AbortSignal | undefined;
  }): Promise<void> {
    const { sizeBytes, chunks, signal } = entry;
    const what = `write ${this.name}: ${quote(path)}`;
    const header = await makeHeader(path, sizeBytes);
    const offset = this.#end + header.byteLength;
    let position = offset;
    for (let chunk = await chunks.read(); chunk; chunk = await chunks.read()) {
      signal?.throwIfAborted();
      await writeAt(file, chunk, position).catch((error) => {
        throw toFileError(error, what);
      });
      position += chunk.byteLength;
    }
    const size = position - offset;
    if (sizeBytes !== undefined && size !== sizeBytes) {
      throw new CrossdockError("integrity", `${what}: got ${size} bytes, expected ${sizeBytes}`);
    }
    const padding = new Uint8Array(-size & (BLOCK_BYTES - 1));
    try {
      await writeAt(file, padding, position);
      const final = sizeBytes === undefined ? await makeHeader(path, undefined, size) : header;
      await writeAt(file, final, this.#end);
    } catch (error) {
      throw toFileError(error, what);
    }
    this.#entries.set(path, { offset, size });
    this.#end = position + padding.byteLength;
  }
}

/**
 * The header of an entry. The library packs headers and bodies through one stream. Bodies are written past it, because it keeps
 * their chunks, and one buffer is enough for a whole blob.
 *
 * @param sizeBytes `undefined` makes a header of constant length for any `size`
 */
async function makeHeader(
  name: string,
  sizeBytes: number | undefined,
  size = sizeBytes ?? 0,
): Promise<Uint8Array> {
  // An extended header for the size is used above 8 GiB, and by request.
  const extended = sizeBytes === undefined ? { pax: { size: `${size}` } } : {};
  const header: TarHeader = { ...HEADER, ...extended, name, size, type: "file" };
  const { readable, controller } = createTarPacker();
  const body = controller.add(header);
  const reader = readable.getReader();
  const blocks: Uint8Array[] = [];
  // The library has put all blocks of the header into the stream. Without a body, nothing follows them.
  for (;;) {
    const result = await Promise.race([reader.read(), nextTurn()]);
    if (!result?.value) break;
    blocks.push(result.value);
  }
  reader.closed.catch(() => {});
  await body.abort();
  const bytes = new Uint8Array(blocks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let position = 0;
  for (const block of blocks) {
    bytes.set(block, position);
    position += block.byteLength;
  }
  return bytes;
}
