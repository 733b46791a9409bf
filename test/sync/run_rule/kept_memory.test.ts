import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { spawnGuarded } from "../../support/guarded_process.ts";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";

const SCRIPT = fileURLToPath(new URL("kept_memory.ts", import.meta.url));
const COMMAND = "Deno" in globalThis ? ["run", "--quiet", "--allow-all", SCRIPT] : [SCRIPT];
const TAGS = 300;

/** Far below the plan, the report and the blobs of a tag. Bun's collector leaves more garbage than V8's. */
const MAX_BYTES_PER_TAG = "Bun" in globalThis ? 16_384 : 4096;

test("runRule() keeps nothing of its tags and blobs when it is done", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  const layers = { layers: 2, layerBytes: 8192 };
  for (let i = 0; i < 60; i++) await putImage(source, "warm", { ...layers, tag: `${i}`, seed: i });
  for (let i = 0; i < TAGS; i++) {
    await putImage(source, "app", { ...layers, tag: `${i}`, seed: 1000 + i });
  }
  const program = spawnGuarded([process.execPath, ...COMMAND, source.host, destination.host], {
    env: process.env as Record<string, string>,
  });
  assert.equal(await program.ended, 0, program.stderr);
  const bytes = Number(program.stdout);
  assert.ok(destination.count({ method: "PUT", path: "/manifests/" }) >= TAGS);
  assert.ok(bytes <= TAGS * MAX_BYTES_PER_TAG, `${Math.round(bytes / TAGS)} bytes for each tag`);
});
