import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startWorker } from "../support/workerd.ts";
import type { Kept } from "./workflow_steps_worker.ts";

const worker = await startWorker({
  script: new URL("./workflow_steps_worker.ts", import.meta.url),
});
after(() => worker[Symbol.asyncDispose]());

/** A text may have up to 1 MiB, and a character up to three bytes. */
const LIMIT = 256 * 1024;

const RESULTS: readonly [characters: number, kind: Kept["kind"]][] = [
  [2, "text"],
  [LIMIT, "text"],
  [LIMIT + 1, "stream"],
  [3 * 1024 * 1024, "stream"],
];

for (const [characters, kind] of RESULTS) {
  test(`toDurableSteps() stores a result of ${characters} characters as a ${kind}`, async () => {
    const response = await fetch(`${worker.url}/?characters=${characters}`);
    const text = await response.text();
    assert.equal(response.status, 200, text);
    assert.deepEqual(JSON.parse(text), { kind, characters, isSame: true });
  });
}
