import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openState } from "../../src/hosts/open_state.ts";

test("openState() opens a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "crossdock-state-"));
  try {
    const path = join(folder, "state");
    const store = await openState(path);
    await store.write("a", "1");
    assert.ok(existsSync(path));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("openState() rejects an empty name, and kv: on a host without Deno KV", async () => {
  await assert.rejects(openState(""), /the name of the state is empty/);
  await assert.rejects(openState("kv:"), /kv: needs Deno KV/);
});
