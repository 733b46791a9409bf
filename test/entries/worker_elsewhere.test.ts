import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as elsewhere from "../../src/entries/worker_elsewhere.ts";

test("worker_elsewhere.ts exports the names of worker.ts, and each call fails with what to use", () => {
  const code = readFileSync(new URL("../../src/entries/worker.ts", import.meta.url), "utf8");
  const names = [...code.matchAll(/^export (?:class (\w+)|(default))/gm)]
    .map(([, name, byDefault]) => name ?? byDefault);
  assert.deepEqual(Object.keys(elsewhere).sort(), names.sort());
  const { default: worker, Internal, CopyWorkflow, SyncWorkflow } = elsewhere;
  const calls = [
    worker.fetch,
    worker.scheduled,
    new Internal().fetch,
    new CopyWorkflow().run,
    new SyncWorkflow().run,
  ];
  for (const call of calls) assert.throws(call, /use crossdock\/server$/);
});
