import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";

/** Something about a config, and where it stands. Plain JSON, and it shows no value of `creds` or `webhooks`. */
export interface SyncMistake {
  /** As the caller named it: `crossdock.yaml`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `sync[1].target`; empty for the file as a whole. */
  readonly key: string;
  readonly message: string;
}

/** A config with mistakes. Its message lists all of them, a line each. */
export class SyncConfigError extends ParseError {
  readonly mistakes: readonly SyncMistake[];

  constructor(mistakes: readonly SyncMistake[]) {
    super(mistakes.map(formatMistake).join("\n"));
    this.mistakes = mistakes;
  }
}

/** `crossdock.yaml:12:5: sync[1].target: want text, got a list` */
export function formatMistake({ file, line, column, key, message }: SyncMistake): string {
  return `${file}:${line}:${column}: ${key === "" ? "" : `${key}: `}${message}`;
}

/** Keys and indexes from the top of a file. */
export type Path = readonly PropertyKey[];

/** A place in a text, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Gathers what is said of one file. */
export class Mistakes {
  readonly #file: string;
  readonly #locate: (path: Path, part: "key" | "value") => Position;
  readonly errors: SyncMistake[] = [];
  readonly warnings: SyncMistake[] = [];

  constructor(file: string, locate: (path: Path, part: "key" | "value") => Position) {
    this.#file = file;
    this.#locate = locate;
  }

  /**
   * The config cannot be used. Of two mistakes about one key the first is the one that counts, and so is that about a list as a
   * whole.
   */
  add(path: Path, fault: unknown, part: "key" | "value" = "value"): void {
    const isInList = typeof path.at(-1) === "number";
    if (path.length === 0 || !this.has(path) && !(isInList && this.has(path.slice(0, -1)))) {
      this.errors.push(this.#make(path, toMessage(fault), part));
    }
  }

  /** Whether there is a mistake about this very key. */
  has(path: Path): boolean {
    const name = formatPath(path);
    return this.errors.some(({ key }) => key === name);
  }

  /** The config can be used, and something of it is not as one might think. */
  warn(path: Path, message: string, part: "key" | "value" = "value"): void {
    this.warnings.push(this.#make(path, message, part));
  }

  /** What `run` gives; a fault of its text becomes a mistake at the path. */
  try<Result>(path: Path, run: () => Result): Result | undefined {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.add(path, error);
      return undefined;
    }
  }

  /** @throws {SyncConfigError} if there are any, in the order in which they stand in the file */
  throwIfAny(): void {
    if (this.errors.length === 0) return;
    throw new SyncConfigError(this.errors.toSorted(byPlace));
  }

  #make(path: Path, message: string, part: "key" | "value"): SyncMistake {
    return { file: this.#file, ...this.#locate(path, part), key: formatPath(path), message };
  }
}

function byPlace(a: SyncMistake, b: SyncMistake): number {
  return a.line - b.line || a.column - b.column;
}

function toMessage(fault: unknown): string {
  if (typeof fault === "string") return fault;
  const { message, hint } = fault as { message: string; hint?: string };
  return hint ? `${message}; ${hint}` : message;
}

function formatPath(path: Path): string {
  return path.map((part, i) => {
    if (typeof part === "number") return `[${part}]`;
    const name = /^[A-Za-z0-9_-]+$/.test(String(part)) ? String(part) : quote(String(part));
    return i === 0 ? name : `.${name}`;
  }).join("");
}
