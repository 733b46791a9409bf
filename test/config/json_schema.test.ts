import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { schemaFile, schemaText } from "./schema_file.ts";

test("docs/crossdock.schema.json is current", () => {
  assert.equal(readFileSync(schemaFile, "utf8"), schemaText(), "run `deno task schema`");
});

test("syncConfigJsonSchema() permits extensions and marks unread keys as deprecated", () => {
  const { properties } = JSON.parse(schemaText());
  const rule = properties.sync.items;
  assert.equal(rule.additionalProperties, false);
  assert.deepEqual(rule.patternProperties, { "^x-": {} });
  assert.deepEqual(rule.required, ["source", "type"]);
  assert.deepEqual(rule.properties.tags.properties.allow.items.type, [
    "string",
    "number",
    "boolean",
  ]);
  assert.deepEqual(rule.properties.type.enum, ["image", "repository", "registry"]);
  assert.equal(rule.properties.hooks.deprecated, true);
  assert.equal(rule.properties.referrerSlow, undefined);
  assert.equal(properties.creds.items.properties.blobMax.deprecated, true);
});
