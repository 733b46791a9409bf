/** Collects the mistakes and warnings of a configuration file, each with its place. */
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";

/** A mistake or a warning with its place. Plain JSON, without any value from `creds` or `webhooks`. */
export interface SyncMistake {
  /** The name that the caller gave the file: `crossdock.yaml`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `sync[1].target`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong, and what is expected. */
  readonly message: string;
}

/** A configuration with mistakes. Its message lists all of them, one per line. */
export class SyncConfigError extends ParseError {
  /** All mistakes, in the order of the file. */
  readonly mistakes: readonly SyncMistake[];

  /** Makes the message from the mistakes. */
  constructor(mistakes: readonly SyncMistake[]) {
    super(mistakes.map(formatMistake).join("\n"));
    this.mistakes = mistakes;
  }
}

/** `crossdock.yaml:12:5: sync[1].target: expected text, got a list` */
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

/** The mistakes and warnings of one file. */
export class Mistakes {
  readonly #file: string;
  readonly #errors: SyncMistake[] = [];
  readonly #keys = new Set<string>();
  readonly warnings: SyncMistake[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Adds a mistake. The first one about a key counts, and one about a list counts for its items.
   *
   * @param path empty for the file as a whole
   */
  add(position: Position, path: Path, message: string): void {
    const isItem = typeof path.at(-1) === "number";
    if (this.#has(path) || isItem && this.#has(path.slice(0, -1))) return;
    this.#errors.push(this.#make(position, path, message));
    this.#keys.add(formatPath(path));
  }

  /** Adds a remark about a configuration that can be used. */
  warn(position: Position, path: Path, message: string): void {
    this.warnings.push(this.#make(position, path, message));
  }

  /** @throws {SyncConfigError} with all mistakes in the order of the file, if there are any */
  throwIfAny(): void {
    if (this.#errors.length === 0) return;
    throw new SyncConfigError(
      this.#errors.toSorted((a, b) => a.line - b.line || a.column - b.column),
    );
  }

  #has(path: Path): boolean {
    return path.length > 0 && this.#keys.has(formatPath(path));
  }

  #make(position: Position, path: Path, message: string): SyncMistake {
    return { file: this.#file, ...position, key: formatPath(path), message };
  }
}

function formatPath(path: Path): string {
  return path.map((part, i) => {
    if (typeof part === "number") return `[${part}]`;
    const name = /^[A-Za-z0-9_-]+$/.test(String(part)) ? String(part) : quote(String(part));
    return i === 0 ? name : `.${name}`;
  }).join("");
}
