/** Renders JSON schemas as tables with one row per field. Nested fields are `outer.inner`, fields of list items `list[].inner`. */
import { html } from "hono/html";
import { nameOf } from "../api/model.ts";
import type { Content, Schema } from "../api/model.ts";
import { renderTable } from "./table.ts";
import { renderLine } from "./text.ts";
import type { Html } from "./text.ts";

/** Renders the type and the limits of a value, with links to named schemas. */
export function renderType(schema: Schema): Html {
  const { $ref, type, items, additionalProperties } = schema;
  if ($ref) return html`<a href="#schema-${nameOf($ref)}">${nameOf($ref)}</a>`;
  if (schema.const !== undefined) return html`<code>"${schema.const}"</code>`;
  if (schema.enum) return html`${joinWith(" or ", schema.enum.map((one) => `"${one}"`))}`;
  if (schema.oneOf) return html`${joinHtml(", or ", schema.oneOf.map(renderType))}`;
  if (type === "array" && items) return html`list of ${renderType(items)}${listLimits(schema)}`;
  if (type === "object" && additionalProperties) {
    return html`map of ${renderType(additionalProperties)}`;
  }
  return html`${type ?? "any JSON"}${listLimits(schema)}`;
}

/** Renders the fields of a schema as a table, or of each alternative as a table of its own. */
export function renderSchema(schema: Schema): Html {
  if (!schema.oneOf) return renderFields(schema);
  if (schema.oneOf.every(({ $ref }) => $ref)) return html`<p>${renderType(schema)}</p>`;
  return html`${schema.oneOf.map(renderAlternative)}`;
}

/** Renders a named schema: its description, and its fields. */
export function renderDescribed(schema: Schema): Html {
  const isClosed = schema.additionalProperties === false;
  return html`
    <p>${renderLine(schema.description ?? "")}${isClosed ? ". Other fields are rejected" : ""}.</p>
    ${renderSchema(schema)}
  `;
}

function renderAlternative(schema: Schema): Html {
  return html`
    <h4><code>${labelOf(schema)}</code></h4>
    <p>${renderLine(schema.description ?? "")}</p>
    ${renderFields(schema)}
  `;
}

/** The field that distinguishes an alternative from the others, such as `type: "plan"`. */
function labelOf({ properties = {} }: Schema): string {
  const [name = "", { const: value } = {}] =
    Object.entries(properties).find(([, { const: value }]) => value !== undefined) ?? [];
  return `${name}: "${value}"`;
}

function renderFields(schema: Schema): Html {
  const rows = listFields(schema, "").map(({ name, field, isRequired }) =>
    [renderName(name, isRequired), renderType(field), renderLine(field.description ?? "")] as const
  );
  if (rows.length === 0) return html`<p>${renderType(schema)}</p>`;
  return renderTable(["Field", "Type", "Meaning"], rows);
}

/** Renders the name of a field or parameter, and whether it is optional. */
export function renderName(name: string, isRequired: boolean): Html {
  return html`<code>${name}</code>${
    isRequired ? "" : html`
      <small>optional</small>
    `
  }`;
}

/** Renders the type of a body for each media type. */
export function renderContent(content: Content): Html {
  const types = Object.entries(content).map(([mediaType, { schema }]) =>
    html`${renderType(schema)} <small>${mediaType}</small>`
  );
  return joinHtml(html`<br>`, types);
}

interface Field {
  readonly name: string;
  readonly field: Schema;
  readonly isRequired: boolean;
}

function listFields({ properties = {}, required = [] }: Schema, prefix: string): Field[] {
  return Object.entries(properties).flatMap(([key, field]) => {
    const name = `${prefix}${key}`;
    const within = field.items ?? field;
    return [
      { name, field, isRequired: required.includes(key) },
      ...listFields(within, field.items ? `${name}[].` : `${name}.`),
    ];
  });
}

/** Renders the limits of a value, such as its length. */
function listLimits(schema: Schema): Html {
  const { format, pattern, maxLength, minItems, maxItems, minimum, maximum } = schema;
  const limits = [
    format && html`format ${format}`,
    pattern && html`matches <code>${pattern}</code>`,
    maxLength && html`at most ${maxLength} characters`,
    minItems && html`at least ${minItems} items`,
    maxItems && html`at most ${maxItems} items`,
    minimum !== undefined && html`at least ${minimum}`,
    // zod adds this maximum to every integer.
    maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER && html`at most ${maximum}`,
    schema.default !== undefined && html`default <code>${JSON.stringify(schema.default)}</code>`,
  ].filter((limit) => limit);
  return limits.length === 0 ? html`` : html`<small>, ${joinHtml(", ", limits)}</small>`;
}

function joinWith(separator: string, values: readonly string[]): Html {
  return joinHtml(separator, values.map((value) => html`<code>${value}</code>`));
}

function joinHtml(separator: unknown, parts: readonly unknown[]): Html {
  return html`${parts.map((part, i) => html`${i === 0 ? "" : separator}${part}`)}`;
}
