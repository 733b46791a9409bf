import assert from "node:assert/strict";
import { test } from "node:test";
import { mapConcurrent } from "../../src/copy/concurrent.ts";

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test("mapConcurrent() runs no more than the limit at once and keeps the order", async () => {
  let running = 0;
  let most = 0;
  const results = await mapConcurrent([9, 1, 5, 1, 3, 1], 3, async (ms) => {
    most = Math.max(most, ++running);
    await pause(ms);
    running--;
    return ms * 2;
  });
  assert.equal(most, 3);
  assert.deepEqual(results, [18, 2, 10, 2, 6, 2]);
});

test("mapConcurrent() throws the first error, aborts the others and begins no more", async () => {
  const begun: number[] = [];
  const aborted: number[] = [];
  const work = async (item: number, signal: AbortSignal): Promise<void> => {
    begun.push(item);
    if (item === 1) {
      await pause(1);
      throw new Error("first");
    }
    await new Promise<void>((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted.push(item);
        reject(new Error(`because of ${(signal.reason as Error).message}`));
      });
    });
  };
  await assert.rejects(mapConcurrent([0, 1, 2, 3, 4], 3, work), { message: "first" });
  assert.deepEqual(begun, [0, 1, 2]);
  assert.deepEqual(aborted, [0, 2]);
});

test("mapConcurrent() rejects with the reason of the caller's signal", async () => {
  const controller = new AbortController();
  const begun: number[] = [];
  const work = (item: number): Promise<void> => {
    begun.push(item);
    controller.abort(new Error("enough"));
    return Promise.resolve();
  };
  await assert.rejects(mapConcurrent([1, 2, 3], 1, work, controller.signal), { message: "enough" });
  assert.deepEqual(begun, [1]);
});

test("mapConcurrent() gives nothing for nothing", async () => {
  assert.deepEqual(await mapConcurrent([], 4, () => Promise.resolve(1)), []);
});
