import assert from "node:assert/strict";
import { test } from "node:test";
import type { Schema } from "../../../build/api/model.ts";
import { renderSchema, renderType } from "../../../build/api_page/schema.ts";

/** What of a piece of the page is text. */
function textOf(html: unknown): string {
  return String(html).replace(/<[^>]*>/g, "").replaceAll("&quot;", '"').replace(/\s+/g, " ").trim();
}

const TYPES: { schema: Schema; text: string }[] = [
  { schema: { type: "string" }, text: "string" },
  { schema: {}, text: "any JSON" },
  { schema: { const: "plan" }, text: '"plan"' },
  { schema: { type: "string", enum: ["a", "b"] }, text: '"a" or "b"' },
  { schema: { $ref: "#/components/schemas/Plan" }, text: "Plan" },
  {
    schema: { type: "string", maxLength: 5, format: "uri" },
    text: "string, format uri, at most 5 characters",
  },
  { schema: { type: "string", pattern: "^a$" }, text: "string, matches ^a$" },
  { schema: { type: "string", default: "true" }, text: 'string, default "true"' },
  {
    schema: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    text: "integer, at least 0",
  },
  {
    schema: { type: "integer", minimum: 400, maximum: 599 },
    text: "integer, at least 400, at most 599",
  },
  {
    schema: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 8 },
    text: "list of string, at least 1 items, at most 8 items",
  },
  { schema: { type: "object", additionalProperties: { type: "string" } }, text: "map of string" },
  {
    schema: { oneOf: [{ $ref: "#/components/schemas/A" }, { $ref: "#/components/schemas/B" }] },
    text: "A, or B",
  },
];

for (const { schema, text } of TYPES) {
  test(`renderType() is ${text}`, () => {
    assert.equal(textOf(renderType(schema)), text);
  });
}

test("renderType() links to a schema that has a name", () => {
  const html = renderType({ $ref: "#/components/schemas/Plan" });
  assert.equal(String(html), '<a href="#schema-Plan">Plan</a>');
});

test("renderSchema() has a row for each field, those within included", () => {
  const inner: Schema = { type: "object", properties: { count: { type: "integer" } } };
  const html = String(renderSchema({
    type: "object",
    required: ["list"],
    properties: { list: { type: "array", items: inner }, totals: inner },
  }));
  const names = [...html.matchAll(/<th scope="row">([^]*?)<\/th>/g)].map(([, name]) =>
    textOf(name)
  );
  assert.deepEqual(names, [
    "list",
    "list[].count optional",
    "totals optional",
    "totals.count optional",
  ]);
});

test("renderSchema() separates the alternatives of a union", () => {
  const alternative = (type: string, description: string): Schema => ({
    type: "object",
    description,
    properties: { type: { const: type } },
    required: ["type"],
  });
  const text = textOf(
    renderSchema({ oneOf: [alternative("a", "the first"), alternative("b", "")] }),
  );
  assert.match(text, /^type: "a" the first FieldTypeMeaning type "a" type: "b" Field/);
});
