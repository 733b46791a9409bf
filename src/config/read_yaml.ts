/** Reads YAML, and so JSON, into groups, lists and text. */
import { LineCounter, parseDocument } from "yaml";
import type { ParseOptions, SchemaOptions } from "yaml";
import { quote } from "../oci/quote.ts";
import { Aliases } from "./aliases.ts";
import { ConfigNode, toPosition } from "./config_node.ts";
import { Mistakes } from "./mistakes.ts";

/** A file with a thousand rules has 200 KB. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** With aliases expanded. More is an attack: a few lines of nested aliases make billions of values. */
const MAX_VALUES = 200_000;

/**
 * Only null is not text: the schema of a key decides whether `1.10` is a number or a tag. `!!int` and similar tags are allowed
 * and change nothing.
 */
const OPTIONS: ParseOptions & SchemaOptions = {
  prettyErrors: false,
  stringKeys: true,
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

/**
 * Reads a file into its root. Null values and keys that begin with `x-` are left out.
 *
 * @throws {SyncConfigError} if it is not YAML, has a key twice, or has an alias that cannot be expanded
 */
export function readYaml(text: string, file: string): ConfigNode {
  const lineCounter = new LineCounter();
  const mistakes = new Mistakes(file);
  const addAt = (offset: number, message: string): void => {
    mistakes.add(toPosition(lineCounter, offset), [], message);
  };
  const isTooLong = text.length > MAX_CHARACTERS;
  const document = parseDocument(isTooLong ? "" : text, { ...OPTIONS, lineCounter });
  if (isTooLong) {
    addAt(0, `the file has ${text.length} characters, expected at most ${MAX_CHARACTERS}`);
  }
  for (const { code, message, pos: [offset] } of [...document.errors, ...document.warnings]) {
    addAt(offset, describeFault(code, message, text.slice(offset)));
  }
  mistakes.throwIfAny();
  const aliases = new Aliases(document.contents, (node, fault) => addAt(node.range[0], fault));
  if (aliases.size > MAX_VALUES) {
    addAt(0, `the file has more than ${MAX_VALUES} values with its aliases expanded`);
  }
  mistakes.throwIfAny();
  // The library bounds the number of aliases, of which a long list of rules may have many. The values are counted above.
  const value: unknown = document.toJS({ maxAliasCount: -1, reviver: omitNullAndExtensions });
  const root = { offset: 0, yaml: document.contents };
  return new ConfigNode(value, { aliases, lineCounter, mistakes }, root);
}

function describeFault(code: string, message: string, rest: string): string {
  switch (code) {
    case "DUPLICATE_KEY":
      return `the key ${quote(/^[^\s:]{1,60}/.exec(rest)?.[0] ?? "")} appears twice`;
    case "MULTIPLE_DOCS":
      return "expected one document, but a second one begins here";
    default:
      // Further lines show the text around, which may hold a secret.
      return message.split("\n")[0] ?? "";
  }
}

function omitNullAndExtensions(key: unknown, value: unknown): unknown {
  return value === null || typeof key === "string" && key.startsWith("x-") ? undefined : value;
}
