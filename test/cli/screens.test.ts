import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { isInstalled } from "./completion/run_shell.ts";
import { renderScreens } from "./screens.ts";

test("docs/cli_screens.md shows the present output: deno task cli:record", {
  skip: !isInstalled("bash"),
}, async () => {
  const page = await readFile(new URL("../../docs/cli_screens.md", import.meta.url), "utf8");
  assert.equal(page, await renderScreens());
});
