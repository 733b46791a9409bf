/** Renders docs/reference/json.md: the documents of `--json`, and exit codes. The server has the same schemas. */
import { EXIT_CODES_HELP } from "../../src/cli/output/exit_codes.ts";
import openapi from "../../src/server/api/openapi.json" with { type: "json" };
import { GENERATED, toCell, toTable } from "./markdown.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

const SCHEMAS = openapi.components.schemas as unknown as Readonly<Record<string, Schema>>;

/** The document that each command prints with `--json`. */
const DOCUMENTS: readonly (readonly [command: string, schema: string])[] = [
  ["crossdock copy", "Report"],
  ["crossdock copy --all-tags", "SyncReport"],
  ["crossdock plan", "Plan"],
  ["crossdock plan --budget", "PlanWithBudget"],
  ["crossdock inspect", "Inspection"],
  ["crossdock verify", "Verification"],
  ["crossdock auth", "AccessCheck"],
  ["crossdock sync", "SyncReport"],
  ["crossdock sync --status", "SyncStatus"],
];

const INTRODUCTION = `# JSON documents and exit codes

${GENERATED}

For scripts: what commands print with \`--json\`, and which exit codes they have. The
[HTTP API](../client.md) answers with the same documents.

With \`--json\`, stdout has one JSON document, and the lines for people go to stderr. A command that
fails prints a [Problem](#problem). A newer version may add fields: ignore those that you do not
know.

\`\`\`sh
crossdock copy --json alpine:3.22 registry.example.com/mirror/alpine | jq -r .digest
crossdock sync --json --dry-run | jq -r '.rules[].tags[] | select(.result == "would-copy").source'
\`\`\`
`;

export function renderJsonReference(): string {
  const names = [...new Set([...DOCUMENTS.map(([, schema]) => schema), "Problem"])];
  // A set keeps the order, and grows while it is read.
  const reached = new Set(names);
  for (const name of reached) {
    for (const used of usedSchemas(SCHEMAS[name] ?? {})) reached.add(used);
  }
  const rows = DOCUMENTS.map((
    [command, schema],
  ) => [`\`${command} --json\``, link(schema)]);
  return [
    INTRODUCTION,
    `## Exit codes\n\n${toTable(["code", "meaning"], listExitCodes())}\n`,
    `## Documents\n\n${toTable(["command", "document"], rows)}\n\n` +
    "`crossdock tags --json` prints a list of texts. Paths of fields are written with dots; `[]` is each " +
    "element of a list, and `*` any key.\n",
    ...[...reached].map(renderSchema),
  ].join("\n");
}

/** `4  not found; …`, which may continue on the next line. */
function listExitCodes(): string[][] {
  const text = EXIT_CODES_HELP.replace(/\n {7}(?=\S)/g, " ");
  return [...text.matchAll(/^ +(\d+) {2}(.+)$/gm)].map((
    [, code = "", meaning = ""],
  ) => [code, toCell(meaning)]);
}

function renderSchema(name: string): string {
  const schema = SCHEMAS[name] ?? {};
  const fields = listFields(schema, "", true);
  const table = fields.length > 0
    ? toTable(["field", "type", "meaning"], fields)
    : `Type: ${typeOf(schema)}.`;
  const description = schema.description === undefined
    ? ""
    : `${toSentence(schema.description)}\n\n`;
  const bases = (schema.allOf ?? []).flatMap(({ $ref }) =>
    $ref === undefined ? [] : typeOf({ $ref })
  );
  const inherited = bases.length > 0 ? `It has the fields of ${bases.join(" and ")}, and:\n\n` : "";
  return `### ${name}\n\n${description}${inherited}${table}\n`;
}

function listFields(schema: Schema, path: string, isRequired: boolean): string[][] {
  const parts = [schema, ...(schema.allOf ?? [])];
  return parts.flatMap(({ properties = {}, required = [] }) =>
    Object.entries(properties).flatMap(([key, field]) => {
      const name = path === "" ? key : `${path}.${key}`;
      const isAlways = isRequired && required.includes(key);
      const meaning = [isAlways ? "" : "optional", toCell(field.description ?? "")]
        .filter((text) => text !== "").join("; ");
      const inner = field.items ?? field;
      const below = inner.properties
        ? listFields(inner, field.items ? `${name}[]` : name, isAlways)
        : [];
      return [[`\`${name}\``, typeOf(field), meaning], ...below];
    })
  );
}

function typeOf(schema: Schema): string {
  const { $ref, type, enum: values, items, additionalProperties } = schema;
  if ($ref !== undefined) return link($ref.split("/").at(-1) ?? "");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (values) return values.map((value) => `\`${value}\``).join(", ");
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return [...new Set(alternatives.map(typeOf))].join(" or ");
  if (schema.allOf) return schema.allOf.map(typeOf).join(" with ");
  if (items) return `list of ${typeOf(items)}`;
  if (typeof additionalProperties === "object") {
    return `object, \`*\`: ${typeOf(additionalProperties)}`;
  }
  return type === "string" ? "text" : type === "boolean" ? "true or false" : type ?? "any";
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

function* usedSchemas(schema: unknown): Generator<string> {
  if (typeof schema !== "object" || schema === null) return;
  for (const [key, value] of Object.entries(schema)) {
    if (key === "$ref" && typeof value === "string") yield value.split("/").at(-1) ?? "";
    else yield* usedSchemas(value);
  }
}

function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}
