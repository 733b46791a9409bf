import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EXIT_CLOSED_OUTPUT, EXIT_CODES_HELP } from "../../src/cli/output/exit_codes.ts";

const page = readFileSync(new URL("../../docs/copy.md", import.meta.url), "utf8");

test("docs/copy.md has the exit codes of the help", () => {
  const [, ...lines] = EXIT_CODES_HELP.split("\n");
  const wanted = lines.map((line) => line.replace(/^ {2}/, "")).join("\n").trimEnd();
  assert.ok(page.includes(`\n\`\`\`text\n${wanted}\n\`\`\`\n`), wanted);
  assert.ok(page.includes(` ${EXIT_CLOSED_OUTPUT} `));
});
