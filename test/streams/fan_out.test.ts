import assert from "node:assert/strict";
import { test } from "node:test";
import { fanOut } from "../../src/streams/fan_out.ts";

type Body = ReadableStream<Uint8Array<ArrayBuffer>>;

/** A stream of chunks of one byte, with the number of chunks that were read from it and the reason why it was cancelled. */
function count(length: number): { body: Body; read: () => number; reason: () => unknown } {
  let next = 0;
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      if (next === length) controller.close();
      else controller.enqueue(Uint8Array.of(next++));
    },
    cancel(reason): void {
      cancelled = reason;
    },
  }, { highWaterMark: 0 });
  return { body, read: () => next, reason: () => cancelled };
}

async function bytesOf(body: Body | undefined): Promise<number[]> {
  const bytes: number[] = [];
  for await (const chunk of body ?? []) bytes.push(...chunk);
  return bytes;
}

/** Lets all streams move as far as they can. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
}

test("fanOut() gives every stream all bytes, in memory of its own", async () => {
  const parts = fanOut(count(3).body, 3);
  const readers = parts.map((part) => part.getReader());
  const chunks = await Promise.all(readers.map((reader) => reader.read()));
  const buffers = new Set(chunks.map(({ value }) => value?.buffer));
  assert.equal(buffers.size, 3);
  readers.forEach((reader) => reader.releaseLock());
  const rest = await Promise.all(parts.map(bytesOf));
  assert.deepEqual(rest, [[1, 2], [1, 2], [1, 2]]);
});

test("fanOut() reads no further than the slowest stream asks", async () => {
  const source = count(100);
  const [fast, slow] = fanOut(source.body, 2);
  const fastBytes = bytesOf(fast);
  await settle();
  assert.equal(source.read(), 0);
  const reader = slow?.getReader();
  for (let i = 0; i < 3; i++) await reader?.read();
  await settle();
  assert.equal(source.read(), 3);
  reader?.releaseLock();
  const all = await Promise.all([fastBytes, bytesOf(slow)]);
  assert.deepEqual(all.map(({ length }) => length), [100, 97]);
});

test("fanOut() goes on without a stream that is cancelled, before and after its first chunk", async () => {
  for (const chunks of [0, 2]) {
    const source = count(10);
    const [one, two, three] = fanOut(source.body, 3);
    const whole = Promise.all([bytesOf(one), bytesOf(two)]);
    const reader = three?.getReader();
    for (let i = 0; i < chunks; i++) await reader?.read();
    await settle();
    await reader?.cancel(new Error("the upload failed"));
    assert.deepEqual((await whole).map(({ length }) => length), [10, 10]);
    assert.equal(source.reason(), undefined);
  }
});

test("fanOut() cancels the source after its last stream was cancelled", async () => {
  const source = count(10);
  const parts = fanOut(source.body, 2);
  for (const [i, part] of parts.entries()) await part.cancel(`reason ${i}`);
  assert.equal(source.reason(), "reason 1");
});

test("fanOut() passes an error of the source on to all streams", async () => {
  const failing = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.error(new Error("broken")),
  });
  const results = await Promise.allSettled(fanOut(failing, 2).map(bytesOf));
  assert.deepEqual(results.map(({ status }) => status), ["rejected", "rejected"]);
});
