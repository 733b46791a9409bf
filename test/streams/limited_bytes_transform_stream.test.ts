import assert from "node:assert/strict";
import { test } from "node:test";
import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { toBytes } from "@std/streams/to-bytes";
import { bytesOf, sourceOf } from "./sources.ts";

for (const error of [true, false]) {
  test(`LimitedBytesTransformStream passes on exactly its size, error: ${error}`, async () => {
    const limit = new LimitedBytesTransformStream(4, { error });
    const chunks = await Array.fromAsync(bytesOf([1, 2], [], [3, 4]).pipeThrough(limit));
    assert.deepEqual(chunks.flatMap((chunk) => [...chunk]), [1, 2, 3, 4]);
  });

  test(`LimitedBytesTransformStream passes on its source's error, error: ${error}`, async () => {
    const cut = new Error("cut");
    const { stream } = sourceOf([new Uint8Array(3)], cut);
    const limited = stream.pipeThrough(new LimitedBytesTransformStream(4, { error }));
    await assert.rejects(toBytes(limited), (reason) => reason === cut);
  });
}

test("LimitedBytesTransformStream ends before the chunk that exceeds its size", async () => {
  for (const options of [[], [{ error: false }], [{}]] as const) {
    const limit = new LimitedBytesTransformStream(5, ...options);
    const chunks = await Array.fromAsync(bytesOf([1, 2], [3, 4], [5, 6], [7]).pipeThrough(limit));
    assert.deepEqual(chunks.map((chunk) => [...chunk]), [[1, 2], [3, 4]]);
  }
});

test("LimitedBytesTransformStream fails with a RangeError and cancels its source", async () => {
  const { stream, cancelled } = sourceOf([1, 2, 3].map((size) => new Uint8Array(size)));
  const limited = stream.pipeThrough(new LimitedBytesTransformStream(2, { error: true }));
  await assert.rejects(toBytes(limited), RangeError);
  assert.ok(await cancelled instanceof RangeError);
});
