import { isMap, isScalar, isSeq } from "yaml";
import type { LineCounter, ParsedNode } from "yaml";
import { isMergeKey } from "./aliases.ts";
import type { Aliases } from "./aliases.ts";
import type { Mistakes, Path, Position } from "./mistakes.ts";

interface ConfigFile {
  readonly aliases: Aliases;
  readonly lineCounter: LineCounter;
  readonly mistakes: Mistakes;
  /** Whether the value at a path may be a secret. */
  readonly isSecret: (path: Path) => boolean;
}

/** Which part of `key: value` a mistake points to. */
type Part = "key" | "value";

/** Where a value is written, which is at the anchor for aliases and merged keys. */
interface Place {
  /** The offset of the key, or of the item of a list. */
  readonly offset: number;
  /** `null` if the file does not have the value. */
  readonly yaml: ParsedNode | null;
}

/** A value of a configuration file together with its place: readers follow it from key to key and report mistakes on it. */
export class ConfigNode {
  /** A group of keys, a list or text; `undefined` where the file has nothing or null. Values within it may be null. */
  readonly value: unknown;
  readonly path: Path;
  readonly #file: ConfigFile;
  readonly #place: Place;

  constructor(value: unknown, file: ConfigFile, place: Place, path: Path = []) {
    this.value = value ?? undefined;
    this.path = path;
    this.#file = file;
    this.#place = place;
  }

  /** The mistakes of the whole file. */
  get mistakes(): Mistakes {
    return this.#file.mistakes;
  }

  /** The node under keys and indexes, present or not. */
  at(...path: Path): ConfigNode {
    const [key, ...rest] = path;
    if (key === undefined) return this;
    const { value } = this;
    const isParent = typeof value === "object" && value !== null && Object.hasOwn(value, key);
    const { yaml, offset } = this.#place;
    const child = new ConfigNode(
      isParent ? Reflect.get(value, key) : undefined,
      this.#file,
      findChild(yaml, key, this.#file.aliases) ?? { offset, yaml: null },
      [...this.path, key],
    );
    return child.at(...rest);
  }

  /** Whether the file has a value here. */
  get exists(): boolean {
    return this.value !== undefined;
  }

  /** Whether the value is text without quotes. */
  get isPlain(): boolean {
    return isScalar(this.#place.yaml) && this.#place.yaml.type === "PLAIN";
  }

  /** Whether messages must not quote the value. A file that is no configuration may hold a secret as well. */
  get isSecret(): boolean {
    return this.path.length === 0 || this.#file.isSecret(this.path);
  }

  /** The text; empty if the value is no text. */
  get text(): string {
    return typeof this.value === "string" ? this.value : "";
  }

  /** The items of a list; none if the value is no list. */
  items(): ConfigNode[] {
    return Array.isArray(this.value) ? Array.from(this.value, (_, i) => this.at(i)) : [];
  }

  /** The members of a group; none if the value is no group. */
  entries(): [key: string, node: ConfigNode][] {
    return isGroup(this.value) ? Object.keys(this.value).map((key) => [key, this.at(key)]) : [];
  }

  /** Reports that the configuration cannot be used because of this value. */
  addMistake(message: string, part: Part = "value"): void {
    this.mistakes.add(this.#locate(part), this.path, message);
  }

  /** Reports something that may surprise the author of a configuration that can be used. */
  addWarning(message: string, part: Part = "value"): void {
    this.mistakes.warn(this.#locate(part), this.path, message);
  }

  /** Runs a parser of this value. A syntax error becomes a mistake here. */
  try<Result>(run: () => Result): Result | undefined {
    try {
      return run();
    } catch (error) {
      this.addMistake(syntaxMessage(error));
      return undefined;
    }
  }

  #locate(part: Part): Position {
    const { offset, yaml } = this.#place;
    return toPosition(this.#file.lineCounter, part === "value" ? yaml?.range[0] ?? offset : offset);
  }
}

export function toPosition(lineCounter: LineCounter, offset: number): Position {
  const { line, col } = lineCounter.linePos(offset);
  return { line, column: col };
}

/**
 * The message of a syntax error, with its hint.
 *
 * @throws any other error
 */
export function syntaxMessage(error: unknown): string {
  if (!(error instanceof SyntaxError)) throw error;
  const { message, hint } = error as { message: string; hint?: string };
  return hint ? `${message}; ${hint}` : message;
}

export function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Finds an item or a key. Keys of the group itself come before merged ones, as in the value. */
function findChild(
  parent: ParsedNode | null,
  key: PropertyKey,
  aliases: Aliases,
): Place | undefined {
  if (isSeq<ParsedNode>(parent)) {
    const item = parent.items[Number(key)];
    return item && { offset: item.range[0], yaml: aliases.resolve(item) };
  }
  if (!isMap<ParsedNode, ParsedNode | null>(parent)) return undefined;
  const pair = aliases.pairsOf(parent).get(key);
  if (pair) return { offset: pair.key.range[0], yaml: aliases.resolve(pair.value) };
  return parent.items.filter((pair) => isMergeKey(pair.key))
    .flatMap(({ value }) => aliases.listMerged(value))
    .map((group) => findChild(group, key, aliases)).find((place) => place !== undefined);
}
