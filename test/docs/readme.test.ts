import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseSyncConfig } from "../../src/config/sync_config.ts";

const README = readFileSync(fileURLToPath(new URL("../../README.md", import.meta.url)), "utf8");

test("README.md has a crossdock.yaml that loads", () => {
  const [, block = ""] = /^ {4}# crossdock\.yaml[^\n]*\n((?: {4}[^\n]*\n)+)/m.exec(README) ?? [];
  const { config, warnings } = parseSyncConfig(block.replaceAll(/^ {4}/gm, ""), {
    from: "README.md",
    env: { HUB_HOOK_SECRET: "0123456789abcdef" },
    now: 0,
  });
  assert.equal(config.rules.length, 1);
  assert.deepEqual([...config.webhooks.incoming.keys()], ["docker-hub"]);
  assert.deepEqual(warnings, []);
});
