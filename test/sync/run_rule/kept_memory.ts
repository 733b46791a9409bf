/** Mirrors `warm` and then `app` from one registry to another, and prints by how many bytes that makes the heap larger. */
import assert from "node:assert/strict";
import process from "node:process";
import * as v8 from "node:v8";
import * as vm from "node:vm";
import { parseSyncConfig } from "../../../src/config/sync_config.ts";
import { Slots } from "../../../src/copy/slots.ts";
import { createRuntime } from "../../../src/hosts/detect.ts";
import { runRuleLocally } from "../../../src/sync/local_rules.ts";
import { createSyncEngine } from "../../../src/sync/sync_engine.ts";

const [source, destination] = process.argv.slice(2);
const engine = createSyncEngine({ runtime: await createRuntime() });

async function mirror(name: string): Promise<void> {
  const text =
    `sync: [{type: repository, source: "${source}/${name}", target: "${destination}/${name}"}]`;
  const { config } = parseSyncConfig(text, { from: "test", env: {}, now: Date.now() });
  const [rule] = config.rules;
  assert.ok(rule);
  const { tags } = await runRuleLocally(rule, {
    engine,
    rules: config.rules,
    now: () => Date.now(),
    slots: new Slots(config.parallel),
  });
  assert.deepEqual(tags.filter(({ result }) => result !== "copied"), []);
}

function createCollector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(isSync: boolean): void } };
  if (Bun) return () => Bun.gc(true);
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}

const collect = createCollector();

/** Memory of V8's heap, and of the array buffers beside it. */
async function usedBytes(): Promise<number> {
  // Twice, because callbacks of the first collection release more.
  for (let i = 0; i < 2; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await mirror("warm");
const before = await usedBytes();
await mirror("app");
process.stdout.write(`${await usedBytes() - before}\n`);
process.exit(0);
