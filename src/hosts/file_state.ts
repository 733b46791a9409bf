/** Stores the remembered state of rules in a file, for the command line and servers on Deno, Node and Bun. */
import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { appendFile, readFile, realpath, rename, stat, unlink, writeFile } from "node:fs/promises";
import type { StateStore } from "../state_store.ts";

/** The start of the first line. A file that begins with other text is never overwritten. */
const MARK = '{"crossdock":"state","version":';

const HEADER = `${MARK}1}\n`;

/** Texts beyond it are dropped, the oldest first. They belong to rules that no longer run, or are compared again. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A smaller file is not written anew. */
const MIN_COMPACT_BYTES = 64 * 1024;

/**
 * Opens a store in a file that only its owner can read. Nothing is created before the first write. Each text is one line. A change
 * appends a line, and the file is replaced by a new one when most of its lines are out of date.
 *
 * Other processes may use the file too. The changes that one of them makes while another replaces the file may be lost.
 */
export function createFileState(path: string): StateStore {
  const file = new StateFile(path);
  let last: Promise<unknown> = Promise.resolve();
  const inOrder = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  };
  return {
    read: (key) => inOrder(() => file.read(key)),
    write: (key, text) => inOrder(() => file.write(key, text)),
  };
}

class StateFile {
  readonly #path: string;
  /** By key, the oldest first. */
  readonly #lines = new Map<string, string>();
  /** Identifies the content that `#lines` was read from. */
  #stamp = "";
  #sizeBytes = 0;
  #liveBytes = 0;
  /** Whether a line could not be read, or the last one has no end. */
  #isBroken = false;

  constructor(path: string) {
    this.#path = path;
  }

  async read(key: string): Promise<string | undefined> {
    await this.#load();
    const line = this.#lines.get(key);
    return line === undefined ? undefined : JSON.parse(line)[1];
  }

  async write(key: string, text: string | undefined): Promise<void> {
    await this.#load();
    if (text === undefined && !this.#lines.has(key) && !this.#isBroken) return;
    const line = `${JSON.stringify(text === undefined ? [key] : [key, text])}\n`;
    this.#put(key, text === undefined ? "" : line);
    const added = this.#sizeBytes === 0 ? HEADER + line : line;
    const sizeBytes = this.#sizeBytes + Buffer.byteLength(added);
    const isMostlyOld = sizeBytes > Math.max(2 * this.#liveBytes, MIN_COMPACT_BYTES);
    if (this.#isBroken || isMostlyOld || sizeBytes > MAX_BYTES) {
      await this.#replace();
    } else {
      await appendFile(this.#path, added, { mode: 0o600 });
      await this.#refresh(sizeBytes);
    }
  }

  /** Replaces the line of a key, or removes it if the line is empty. */
  #put(key: string, line: string): void {
    this.#liveBytes += Buffer.byteLength(line) - Buffer.byteLength(this.#lines.get(key) ?? "");
    this.#lines.delete(key);
    if (line !== "") this.#lines.set(key, line);
  }

  /** Reads the file, unless it is as this process has left it. */
  async #load(): Promise<void> {
    const found = await statOf(this.#path);
    if (found?.stamp === this.#stamp) return;
    this.#lines.clear();
    this.#liveBytes = 0;
    this.#stamp = "";
    this.#sizeBytes = found?.sizeBytes ?? 0;
    this.#isBroken = false;
    // A pipe has no size, and to write to it would wait for its reader.
    if (!found || found.isFile && found.sizeBytes === 0) return;
    const isSmall = found.isFile && found.sizeBytes <= 2 * MAX_BYTES;
    const text = isSmall ? await readFile(this.#path, "utf8") : "";
    if (!text.startsWith(MARK)) {
      throw new Error(
        `${this.#path} is not a state file of crossdock, and is left alone; name another file, or delete it`,
      );
    }
    // Two processes that create the file at the same time both write a header.
    const lines = text.startsWith(HEADER) ? text.replaceAll(HEADER, "").split("\n") : [];
    this.#isBroken = lines.pop() !== "";
    for (const line of lines) this.#isBroken = !this.#take(line) || this.#isBroken;
    this.#stamp = found.stamp;
    if (this.#isBroken) {
      throw new Error(`${this.#path}: some lines cannot be read, their images are compared`);
    }
  }

  /** Returns false if the line cannot be read. */
  #take(line: string): boolean {
    try {
      const [key, text] = JSON.parse(line);
      if (typeof key !== "string") return false;
      this.#put(key, typeof text === "string" ? `${line}\n` : "");
      return true;
    } catch {
      return false;
    }
  }

  async #replace(): Promise<void> {
    for (const key of this.#lines.keys()) {
      if (this.#liveBytes <= MAX_BYTES / 2) break;
      this.#put(key, "");
    }
    // A link stays a link.
    const path = await realpath(this.#path).catch(() => this.#path);
    const temporary = `${path}.${randomUUID()}.tmp`;
    const text = HEADER + [...this.#lines.values()].join("");
    try {
      await writeFile(temporary, text, { mode: 0o600, flag: "wx" });
      await rename(temporary, path);
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw error;
    }
    this.#isBroken = false;
    await this.#refresh(Buffer.byteLength(text));
  }

  /** After a change. If another process has changed the file as well, it is read again. */
  async #refresh(sizeBytes: number): Promise<void> {
    const found = await statOf(this.#path);
    this.#stamp = found?.sizeBytes === sizeBytes ? found.stamp : "";
    this.#sizeBytes = sizeBytes;
  }
}

async function statOf(
  path: string,
): Promise<{ stamp: string; sizeBytes: number; isFile: boolean } | undefined> {
  try {
    const found = await stat(path);
    return {
      stamp: [found.dev, found.ino, found.size, found.mtimeMs].join(),
      sizeBytes: found.size,
      isFile: found.isFile(),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
