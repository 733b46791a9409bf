import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { PAGES } from "../../../build/reference/pages.ts";

for (const [path, render] of Object.entries(PAGES)) {
  test(`docs/${path} is generated from the present code: deno task reference`, async () => {
    const page = readFileSync(new URL(`../../../docs/${path}`, import.meta.url), "utf8");
    const formatted = execFileSync(
      process.execPath,
      ["fmt", "--quiet", "--ext=md", "--line-width=100", "-"],
      { input: await render(), encoding: "utf8" },
    );
    assert.ok(page.length > 1000);
    assert.equal(page, formatted);
  });
}
