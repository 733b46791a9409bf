import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { syncConfigJsonSchema } from "../../src/config/json_schema.ts";
import { TEMPLATE_FUNCTIONS } from "../../src/template/functions.ts";
import { UNREAD_KEYS } from "../../src/config/unread_keys.ts";
import { render } from "../template/setup.ts";

const text = readFileSync(new URL("../../docs/sync.md", import.meta.url), "utf8");

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  deprecated?: boolean;
}

/** The cells of the table under a heading, row by row. */
function tableOf(heading: string): string[][] {
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `there is no ${heading}`);
  return section.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
}

/** Keys of an object, of the items of a list, of any alternative; but for those that are not read. */
function keysOf(schema: Schema | undefined): string[] {
  if (schema?.items) return keysOf(schema.items);
  if (schema?.additionalProperties && !schema.properties) {
    return keysOf(schema.additionalProperties);
  }
  const alternatives = schema?.anyOf ?? schema?.oneOf;
  if (alternatives) return [...new Set(alternatives.flatMap(keysOf))];
  return Object.entries(schema?.properties ?? {})
    .filter(([, { deprecated }]) => !deprecated).map(([key]) => key);
}

const root = syncConfigJsonSchema() as Schema;
const rule = root.properties?.["sync"]?.items?.properties;
const webhooks = root.properties?.["webhooks"]?.properties;
/** The table of a rule's keys has one part under each of these headings. */
const RULE_HEADINGS = ["What to copy", "Which tags and parts", "How to copy", "When to copy"];
const SECTIONS: [headings: string | readonly string[], schema: Schema | undefined][] = [
  ["The file", root],
  ["creds", root.properties?.["creds"]],
  [RULE_HEADINGS, root.properties?.["sync"]],
  ["tags", rule?.["tags"]],
  ["repos", rule?.["repos"]],
  ["ratelimit", rule?.["ratelimit"]],
  ["referrerFilters", rule?.["referrerFilters"]],
  ["prune", rule?.["prune"]],
  ["defaults", root.properties?.["defaults"]],
  ["webhooks", root.properties?.["webhooks"]],
  ["in", webhooks?.["in"]],
  ["out", webhooks?.["out"]],
];
for (const [headings, schema] of SECTIONS) {
  test(`docs/sync.md has every key under ${headings.toString()}, and no other`, () => {
    const keys = keysOf(schema);
    assert.ok(keys.length > 1, `${keys.length} keys`);
    assert.deepEqual([headings].flat().flatMap(tableOf).map(([key]) => key).sort(), keys.sort());
  });
}

test("docs/sync.md lists every key of regsync that crossdock does not read, with its effect", () => {
  const wanted = Object.entries(UNREAD_KEYS).flatMap(([part, keys]) =>
    Object.entries(keys).map(([key, { then }]) =>
      [part, key, then === "warn" ? "warning" : "refused"].join(" ")
    )
  );
  const found = tableOf("regsync's files").map((cells) => cells.slice(0, 3).join(" "));
  assert.deepEqual(found, wanted);
});

test("docs/sync.md has every function of templates, with an example that gives its result", () => {
  const rows = tableOf("Functions");
  assert.deepEqual(rows.map(([name]) => name), Object.keys(TEMPLATE_FUNCTIONS));
  for (const [name = "", example = "", result] of rows) {
    assert.ok(example.includes(name), example);
    assert.equal(render(example).trim(), result, example);
  }
});

test("docs/sync.md starts with a valid config", async () => {
  const { parseSyncConfig } = await import("../../src/config/sync_config.ts");
  const [, example = ""] = /```yaml\n([^`]*)```/.exec(text) ?? [];
  const env = { REGISTRY_USER: "u", REGISTRY_PASS: "p" };
  const { config, warnings } = parseSyncConfig(example, { from: "f", env, now: 0 });
  assert.deepEqual([config.rules.length, warnings.length], [1, 0]);
});
