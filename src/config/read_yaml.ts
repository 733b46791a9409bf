/** YAML (so JSON, too) to plain values whose places in the text are known. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { Document, ParsedNode, YAMLMap } from "yaml";
import { quote } from "../oci/quote.ts";
import { Mistakes } from "./mistakes.ts";
import type { Path, Position } from "./mistakes.ts";

/** A scalar without quotes that is a number or `true` or `false`: only who reads it knows whether `1.10` is a number or a tag. */
export class PlainScalar {
  readonly source: string;
  readonly value: number | boolean;

  constructor(source: string, value: number | boolean) {
    this.source = source;
    this.value = value;
  }
}

export interface YamlFile {
  /** Objects, arrays, strings and {@linkcode PlainScalar}s. What is null is left out, and so are keys that begin with `x-`. */
  readonly value: unknown;
  readonly mistakes: Mistakes;
}

/** Larger files are refused before they are read: a thousand rules have 200 KB. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** Aliases may repeat what they stand for; more than that is meant to do harm. */
const MAX_NODES = 200_000;

/**
 * Reads a file.
 *
 * @throws {SyncConfigError} if it is no YAML, or has a key twice
 */
export function readYaml(text: string, file: string): YamlFile {
  const lines = new LineCounter();
  const places = new Places(lines);
  const mistakes = new Mistakes(file, (path, part) => places.find(path, part));
  if (text.length > MAX_CHARACTERS) {
    mistakes.add([], `the file has ${text.length} characters, want at most ${MAX_CHARACTERS}`);
    mistakes.throwIfAny();
  }
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
  });
  for (const { code, message, pos: [offset] } of [...document.errors, ...document.warnings]) {
    const fault = describeFault(code, message, text.slice(offset));
    mistakes.errors.push({ file, ...places.at(offset), key: "", message: fault });
  }
  mistakes.throwIfAny();
  const value = new Reader(document, places, mistakes).read();
  mistakes.throwIfAny();
  return { value, mistakes };
}

function describeFault(code: string, message: string, rest: string): string {
  switch (code) {
    case "DUPLICATE_KEY":
      return `${quote(/^[^\s:]{1,60}/.exec(rest)?.[0] ?? "")} stands here twice`;
    case "MULTIPLE_DOCS":
      return "a second document begins here, want one";
    default:
      // Further lines show the text around, which may hold a secret.
      return message.split("\n")[0] ?? "";
  }
}

/** Where keys and values stand. */
class Places {
  readonly #lines: LineCounter;
  readonly #offsets = new Map<string, { key: number; value: number }>();

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  set(path: Path, key: number, value: number): void {
    this.#offsets.set(toId(path), { key, value });
  }

  /** The place of what is at the path, or of the nearest that holds it. */
  find(path: Path, part: "key" | "value"): Position {
    for (let length = path.length; length > 0; length--) {
      const found = this.#offsets.get(toId(path.slice(0, length)));
      if (found) return this.at(length === path.length ? found[part] : found.key);
    }
    return { line: 1, column: 1 };
  }

  at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line, column: col };
  }
}

function toId(path: Path): string {
  return JSON.stringify(path);
}

class Reader {
  readonly #document: Document.Parsed;
  readonly #places: Places;
  readonly #mistakes: Mistakes;
  readonly #open = new Set<ParsedNode>();
  #nodes = 0;

  constructor(document: Document.Parsed, places: Places, mistakes: Mistakes) {
    this.#document = document;
    this.#places = places;
    this.#mistakes = mistakes;
  }

  read(): unknown {
    return this.#read(this.#document.contents, []);
  }

  /** `undefined` for null. */
  #read(node: ParsedNode | null, path: Path): unknown {
    if (node === null || this.#isTooMany()) return undefined;
    if (isAlias(node)) return this.#read(this.#resolve(node, path), path);
    if (isScalar(node)) {
      const { value, source } = node;
      if (typeof value === "number" || typeof value === "boolean") {
        return new PlainScalar(source ?? String(value), value);
      }
      return value ?? undefined;
    }
    if (this.#open.has(node)) {
      this.#mistakes.add(path, "an alias stands within what it stands for");
      return undefined;
    }
    this.#open.add(node);
    const value = isSeq<ParsedNode>(node)
      ? node.items.map((item, i) => this.#place([...path, i], item, item))
      : this.#readMap(node, path);
    this.#open.delete(node);
    return value;
  }

  #isTooMany(): boolean {
    this.#nodes += 1;
    if (this.#nodes === MAX_NODES + 1) {
      this.#mistakes.add([], `its aliases stand for more than ${MAX_NODES} values`);
    }
    return this.#nodes > MAX_NODES;
  }

  #place(path: Path, key: ParsedNode, value: ParsedNode | null): unknown {
    this.#places.set(path, key.range[0], (value ?? key).range[0]);
    const target = this.#resolve(value, path);
    this.#places.set(path, key.range[0], (target ?? value ?? key).range[0]);
    return this.#read(target, path);
  }

  /** Keys of the map itself win over those that `<<` brings in. */
  #readMap(node: YAMLMap.Parsed, path: Path): Record<string, unknown> {
    const merged = new Map<string, unknown>();
    const own = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      if (!isMergeKey(key)) continue;
      this.#places.set([...path, "<<"], key.range[0], key.range[0]);
      for (const map of this.#listMerged(value, path).reverse()) {
        for (const [name, read] of Object.entries(this.#readMap(map, path))) merged.set(name, read);
      }
    }
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : "";
      if (isMergeKey(key) || name.startsWith("x-")) continue;
      const read = this.#place([...path, name], key, value);
      if (read === undefined) merged.delete(name);
      else own.set(name, read);
    }
    return Object.fromEntries([...merged, ...own]);
  }

  /** What `<<` names, the first of it with the last word. */
  #listMerged(value: ParsedNode | null, path: Path): YAMLMap.Parsed[] {
    const node = this.#resolve(value, path);
    const items: (ParsedNode | null)[] = isSeq<ParsedNode>(node) ? node.items : [node];
    return items.map((item) => this.#resolve(item, path)).filter((item) => {
      if (isMap(item)) return true;
      if (item !== null) this.#mistakes.add([...path, "<<"], "want a group of keys");
      return false;
    }) as YAMLMap.Parsed[];
  }

  /** What an alias stands for; anything else as it is. */
  #resolve(node: ParsedNode | null, path: Path): ParsedNode | null {
    if (!isAlias(node)) return node;
    const target = node.resolve(this.#document) as ParsedNode | undefined;
    if (target === undefined) this.#mistakes.add(path, `there is no anchor &${node.source}`);
    return target ?? null;
  }
}

function isMergeKey(key: ParsedNode): boolean {
  return isScalar(key) && key.source === "<<" && key.type === "PLAIN";
}
