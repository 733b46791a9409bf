/** Renders docs/reference/sync-config.md: the keys of `crossdock.yaml`, with types from the schema. */
import { syncConfigJsonSchema } from "../../src/config/json_schema.ts";
import { GENERATED, toTable } from "./markdown.ts";
import type { KeyGroup } from "./sync_keys.ts";
import { KEY_GROUPS } from "./sync_keys.ts";

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly deprecated?: boolean;
}

const INTRODUCTION = `# Keys of crossdock.yaml

${GENERATED}

For everyone who writes a \`crossdock.yaml\`: each key with its type, default and an example.
[Mirrors](../sync.md) explains the file, and has examples for [common wishes](../sync.md#common-wishes).
Editors check the file with [crossdock.schema.json](../crossdock.schema.json).

A rule is an element of \`sync\`. Its keys have four groups: [what to copy](#what-to-copy),
[which tags and parts](#which-tags-and-parts), [how to copy](#how-to-copy) and
[when to copy](#when-to-copy). Keys that have a note below "regsync" also work in the files of
regsync.

A pattern is one of [Go's regular expressions](https://github.com/google/re2/wiki/Syntax) for the
whole text. A duration is written as in Go: \`1h30m\`. A template may have
[actions](../sync.md#templates), such as \`{{ env "NAME" }}\`.
`;

export function renderSyncReference(): string {
  return [INTRODUCTION, ...KEY_GROUPS.map(renderGroup)].join("\n");
}

function renderGroup({ title, path, keys }: KeyGroup): string {
  const properties = propertiesAt(path);
  const hasRegsync = Object.values(keys).some(({ regsync }) => regsync !== undefined);
  const rows = Object.entries(keys).map(([key, notes]) => {
    const schema = properties[key];
    if (schema === undefined) throw new Error(`${path}: the schema has no key ${key}`);
    const cells = [
      `\`${key}\``,
      typeOf(schema),
      notes.meaning,
      notes.fallback ?? "",
      notes.example === undefined ? "" : `\`${notes.example}\``,
      ...(hasRegsync ? [notes.regsync ?? ""] : []),
    ];
    return cells.map((cell) => cell.replaceAll("|", "\\|"));
  });
  const headings = ["key", "type", "meaning", "default", "example"];
  const table = toTable([...headings, ...(hasRegsync ? ["regsync"] : [])], rows);
  const place = path === "" ? "At the top of the file." : `Below \`${path}\`.`;
  return `## ${title}\n\n${place}\n\n${table}\n`;
}

/** The properties at a path, of all alternatives: those that are ignored are left out. */
export function propertiesAt(path: string): Readonly<Record<string, Schema>> {
  const names = path.replaceAll("[]", ".[]").split(".").filter((name) => name !== "");
  let schemas = [syncConfigJsonSchema() as Schema];
  for (const name of names) {
    schemas = schemas.flatMap(alternatives).flatMap((schema) => {
      const next = name === "[]"
        ? schema.items
        : name === "*"
        ? schema.additionalProperties
        : schema.properties?.[name];
      return typeof next === "object" ? [next] : [];
    });
  }
  const entries = schemas.flatMap(alternatives)
    .flatMap(({ properties = {} }) => Object.entries(properties));
  return Object.fromEntries(entries.filter(([, { deprecated }]) => !deprecated));
}

function alternatives(schema: Schema): readonly Schema[] {
  return schema.anyOf ?? schema.oneOf ?? [schema];
}

function typeOf(schema: Schema): string {
  const { type, items, enum: values, minimum, maximum } = schema;
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  if (items) return `list of ${plural(typeOf(items))}`;
  const others = schema.anyOf ?? schema.oneOf;
  if (others) return [...new Set(others.map(typeOf))].join(" or ");
  // Text may be a plain number or flag.
  if (Array.isArray(type)) return "text";
  if (type === "object") return "group";
  if (type === "boolean") return "`true`, `false`";
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  return typeof type === "string" ? type : "text";
}

function plural(type: string): string {
  return type === "text" ? "texts" : type === "group" ? "groups" : type;
}
