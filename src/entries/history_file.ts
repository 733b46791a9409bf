/** Keeps runs in a file of JSON lines, for servers that restart. Read at the start of the server, which then only appends. */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { ParseError } from "../errors.ts";
import { MemoryHistory } from "../history/memory_history.ts";
import type { RunRecord } from "../history/model.ts";
import { parseRunLine } from "../history/parse_run_line.ts";

export interface HistoryFile {
  readonly history: MemoryHistory;
  /** What is wrong with the file, for the log. */
  readonly warnings: readonly string[];
}

/** A longer file becomes the file with the end `.1`, in place of an older one. So both take twice as much at most. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/**
 * Opens the history of a file, and creates the file if it does not exist.
 *
 * @throws ParseError if the file cannot be read and written
 */
export function openHistoryFile(
  path: string,
  { maxFileBytes = MAX_FILE_BYTES }: { readonly maxFileBytes?: number } = {},
): HistoryFile {
  const runs: RunRecord[] = [];
  const warnings: string[] = [];
  let endsInLine = false;
  try {
    checkFile(path);
    // Shows now, and not after the first run, that the file can be written.
    closeSync(openToAppend(path));
    for (const name of [`${path}.1`, path]) {
      const { text, isWhole } = readEnd(name, maxFileBytes);
      endsInLine = text !== "" && !text.endsWith("\n");
      const lines = text.split("\n").slice(isWhole ? 0 : 1).filter((line) => line.trim() !== "");
      const read = lines.map(parseRunLine).filter((run) => run !== undefined);
      runs.push(...read);
      if (read.length < lines.length) {
        warnings.push(`${name}: skipped ${lines.length - read.length} damaged lines`);
      }
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ParseError(
      `configuration is not valid: CROSSDOCK_HISTORY_FILE: open ${path}: ${why}`,
    );
  }
  const history = new MemoryHistory({
    runs,
    status: {
      kept: "file",
      note: "the last 1000 runs, also of earlier starts of this server; other servers with the " +
        "same file are read at the start only",
    },
    write(line): void {
      // Another server, or this one when the disk was full, may have left a part of a line.
      const text = `${endsInLine ? "\n" : ""}${line}\n`;
      endsInLine = true;
      append(path, text, maxFileBytes);
      endsInLine = false;
    },
  });
  return { history, warnings };
}

/** To open a pipe would wait for its reader. */
function checkFile(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found && !found.isFile()) throw new Error("it is not a file");
}

function openToAppend(path: string): number {
  const file = openSync(path, constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY, 0o600);
  try {
    // A file that existed may have been readable for others. Only its owner can change that.
    if ((fstatSync(file).mode & 0o077) !== 0) fchmodSync(file, 0o600);
  } catch {
    // The file of another user stays as it is.
  }
  return file;
}

/**
 * Appends a line by one write, which no line of another process divides. The file is opened each time, because another process may
 * have renamed it.
 */
function append(path: string, text: string, maxFileBytes: number): void {
  const file = openToAppend(path);
  try {
    const bytes = new TextEncoder().encode(text);
    const written = writeSync(file, bytes);
    if (written < bytes.byteLength) throw new Error(`${path}: only a part of a line was written`);
    const { size, ino } = fstatSync(file);
    // Not if another process has renamed it in the meantime.
    if (size > maxFileBytes && statSync(path).ino === ino) renameSync(path, `${path}.1`);
  } finally {
    closeSync(file);
  }
}

/** Reads the end of a file; nothing if it does not exist. */
function readEnd(path: string, maxBytes: number): { text: string; isWhole: boolean } {
  if (!statSync(path, { throwIfNoEntry: false })) return { text: "", isWhole: true };
  checkFile(path);
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const start = Math.max(0, size - maxBytes);
    const bytes = new Uint8Array(size - start);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.byteLength; length += read) {
      read = readSync(file, bytes, length, bytes.byteLength - length, start + length);
    }
    return { text: new TextDecoder().decode(bytes.subarray(0, length)), isWhole: start === 0 };
  } finally {
    closeSync(file);
  }
}
