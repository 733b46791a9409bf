import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseSyncConfig } from "../../src/config/sync_config.ts";
import { TEMPLATE_FUNCTIONS } from "../../src/template/functions.ts";
import { UNREAD_KEYS } from "../../src/config/unread_keys.ts";
import { render } from "../template/setup.ts";

const text = readFileSync(new URL("../../docs/sync.md", import.meta.url), "utf8");

/** The cells of the table under a heading, row by row. */
function tableOf(heading: string): string[][] {
  const section = text.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `there is no ${heading}`);
  return section.split("\n").filter((line) => line.startsWith("| `"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
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

test("docs/sync.md starts with a valid config", () => {
  const [, example = ""] = /```yaml\n([^`]*)```/.exec(text) ?? [];
  const env = { REGISTRY_USER: "u", REGISTRY_PASS: "p" };
  const { config, warnings } = parseSyncConfig(example, { from: "f", env, now: 0 });
  assert.deepEqual([config.rules.length, warnings.length], [1, 0]);
});

const WISHES = text.slice(text.indexOf("## Common wishes"), text.indexOf("## The file"));
const wishes = WISHES.split(/^### /m).slice(1).map((part) => {
  const [, title = "", config = ""] = /^(.+)\n[^]*?```yaml\n([^]*?)```\n*$/.exec(part) ?? [];
  return { title, config };
});

test("docs/sync.md has at least twenty common wishes", () => {
  assert.ok(wishes.length >= 20, `${wishes.length} wishes`);
});

for (const { title, config } of wishes) {
  test(`docs/sync.md: "${title}" is a valid config without a warning`, () => {
    const names = [...config.matchAll(/env "(\w+)"/g)].map(([, name = ""]) => name);
    const chat = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    const toValue = (name: string): string => name.startsWith("CHAT") ? chat : "0123456789abcdef";
    const { config: { rules }, warnings } = parseSyncConfig(config, {
      from: "f",
      env: Object.fromEntries(names.map((name) => [name, toValue(name)])),
      now: 0,
      readFile: () => "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    });
    assert.deepEqual(warnings, []);
    assert.ok(rules.length > 0);
  });
}
