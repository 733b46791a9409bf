import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { readResults } from "../../bench/results.ts";
import { SCENARIOS } from "../../bench/scenarios.ts";
import { fillPage } from "../../bench/write_docs.ts";

const PAGE = new URL("../../docs/performance.md", import.meta.url);
const page = readFileSync(PAGE, "utf8");

test("docs/performance.md has the tables of bench/results/full.json: deno task bench:docs", () => {
  assert.ok(existsSync(new URL("../../bench/results/full.json", import.meta.url)));
  assert.equal(page, fillPage(page, readResults("full")));
});

test("docs/performance.md has no table that is empty", () => {
  for (const name of ["requests", "time", "cpu", "memory"]) {
    const [, table = ""] = new RegExp(`<!-- begin: ${name} -->\n([^]*)<!-- end: ${name} -->`)
      .exec(page) ?? [];
    assert.ok(table.trim().split("\n").length > 3, name);
  }
});

test("docs/performance.md explains each scenario by its title", () => {
  const { scenarios } = readResults("full");
  for (const { name, title } of SCENARIOS) {
    if (scenarios[name] && Object.keys(scenarios[name].tools).length > 0) {
      assert.ok(page.includes(title), title);
    }
  }
});
