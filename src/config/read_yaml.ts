/** Reads YAML, and so JSON, into groups, lists and text. */
import { Composer, Document, isMap, isScalar, isSeq, Lexer, LineCounter, Parser } from "yaml";
import type { CST, ParsedNode, ParseOptions, SchemaOptions } from "yaml";
import { quote } from "../oci/quote.ts";
import { Aliases } from "./aliases.ts";
import { ConfigNode, toPosition } from "./config_node.ts";
import { Mistakes } from "./mistakes.ts";
import type { Path } from "./mistakes.ts";

/** A file with a thousand rules has 200 KB. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** With aliases expanded. More is an attack: a few lines of nested aliases make billions of values. */
const MAX_VALUES = 200_000;

/** Groups and lists within each other. A rule has 5 levels. The parser recurses, so more would overflow the stack. */
const MAX_DEPTH = 64;

/**
 * Only null is not text: the schema of a key decides whether `1.10` is a number or a tag. `!!int` and similar tags are allowed
 * and change nothing.
 */
const OPTIONS: ParseOptions & SchemaOptions = {
  stringKeys: true,
  // The library's check takes seconds for 20,000 keys.
  uniqueKeys: false,
  schema: "failsafe",
  merge: true,
  resolveKnownTags: false,
  customTags: (tags) => [
    ...tags,
    "null",
    ...["bool", "float", "int"].map((name) => ({
      tag: `tag:yaml.org,2002:${name}`,
      resolve: (text: string): string => text,
    })),
  ],
};

/** Keys of `crossdock.yaml` whose values hold secrets. */
const SECRET_KEYS = ["creds", "webhooks", "receipt"];

/**
 * Reads a file into its root.
 *
 * @param isSecret whether messages must not quote the value at a path. Default: for `crossdock.yaml`
 * @throws {SyncConfigError} if it is not YAML, has a key twice, is nested too deeply, or has an alias that cannot be expanded
 */
export function readYaml(
  text: string,
  file: string,
  isSecret = ([key]: Path): boolean => SECRET_KEYS.includes(String(key)),
): ConfigNode {
  const lineCounter = new LineCounter();
  lineCounter.addNewLine(0);
  const mistakes = new Mistakes(file);
  const addAt = (offset: number, message: string): void => {
    mistakes.add(toPosition(lineCounter, offset), [], message);
  };
  if (text.length > MAX_CHARACTERS) {
    addAt(0, `the file has ${text.length} characters, expected at most ${MAX_CHARACTERS}`);
  }
  mistakes.throwIfAny();
  const { tokens, deepAt } = tokenize(text, lineCounter);
  if (deepAt !== undefined) {
    addAt(deepAt, `expected at most ${MAX_DEPTH} levels of groups and lists`);
  }
  mistakes.throwIfAny();
  const documents = new Composer(OPTIONS).compose(tokens, true, text.length);
  const [document = new Document(null), ...others] = documents;
  // A file may end with `---`.
  const second = others.find(({ contents }) => !isScalar(contents) || contents.source !== "");
  if (second) addAt(second.range[0], "expected one document, but a second one begins here");
  const lines = new Set<number>();
  for (const { code, message, pos: [offset] } of [...document.errors, ...document.warnings]) {
    // The first mistake of a line causes most of the others: `schedule: * * * * *`.
    const { line } = lineCounter.linePos(offset);
    if (lines.has(line)) continue;
    lines.add(line);
    addAt(offset, FAULTS[code] ?? withoutText(message));
  }
  for (const { offset, key } of findDuplicateKeys(document.contents)) {
    addAt(offset, `the key ${quote(key.slice(0, 60))} appears twice`);
  }
  mistakes.throwIfAny();
  const aliases = new Aliases(document.contents, (node, fault) => addAt(node.range[0], fault));
  if (aliases.size > MAX_VALUES) {
    addAt(0, `the file has more than ${MAX_VALUES} values with its aliases expanded`);
  }
  mistakes.throwIfAny();
  // The library bounds the number of aliases, of which a long list of rules may have many. The values are counted above.
  const value: unknown = document.toJS({ maxAliasCount: -1 });
  const root = { offset: 0, yaml: document.contents };
  return new ConfigNode(value, { aliases, lineCounter, mistakes, isSecret }, root);
}

/** Faults of text without quotes, by the library's code. */
const FAULTS: Readonly<Partial<Record<string, string>>> = {
  TAG_RESOLVE_FAILED: "this tag is unknown; put text that begins with ! in quotes",
  BAD_ALIAS: "this alias is malformed; put text that begins with * in quotes",
};

/** Removes the text that a message quotes, and the lines around it: a secret that begins with `|` or `>` is a wrong value, too. */
function withoutText(message: string): string {
  const [first = ""] = message.split("\n");
  return first.replace(/(?<=\w): .*$/, "; put the text in quotes");
}

/** Splits a text into tokens. Stops where it is nested too deeply: at the offset `deepAt`. */
function tokenize(
  text: string,
  lineCounter: LineCounter,
): { tokens: CST.Token[]; deepAt?: number } {
  const parser = new Parser(lineCounter.addNewLine);
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    const deepAt = parser.offset;
    tokens.push(...parser.next(lexeme));
    if (parser.stack.length > MAX_DEPTH) return { tokens, deepAt };
  }
  tokens.push(...parser.end());
  return { tokens };
}

function* findDuplicateKeys(
  node: ParsedNode | null,
): Generator<{ readonly offset: number; readonly key: string }> {
  if (isSeq<ParsedNode>(node)) {
    for (const item of node.items) yield* findDuplicateKeys(item);
  }
  if (!isMap<ParsedNode, ParsedNode | null>(node)) return;
  const keys = new Set<unknown>();
  for (const { key, value } of node.items) {
    if (isScalar(key)) {
      if (keys.has(key.value)) yield { offset: key.range[0], key: String(key.value) };
      keys.add(key.value);
    }
    yield* findDuplicateKeys(value);
  }
}
