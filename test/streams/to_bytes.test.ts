import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { toBytes } from "../../src/streams/to_bytes.ts";

/** Uses one buffer again and again, as a reader may. */
function readerOf(chunks: readonly number[][]): ChunkReader & { readonly reasons: unknown[] } {
  const buffer = new Uint8Array(16);
  const reasons: unknown[] = [];
  let next = 0;
  return {
    reasons,
    read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      const chunk = chunks[next++];
      if (!chunk) return Promise.resolve(undefined);
      buffer.set(chunk);
      return Promise.resolve(buffer.subarray(0, chunk.length));
    },
    cancel(reason): Promise<void> {
      reasons.push(reason);
      return Promise.resolve();
    },
  };
}

test("toBytes() copies chunks whose memory is used again", async () => {
  const bytes = await toBytes(readerOf([[1, 2, 3], [4], [5, 6]]), 6);
  assert.deepEqual([...bytes], [1, 2, 3, 4, 5, 6]);
});

test("toBytes() of nothing is empty", async () => {
  assert.equal((await toBytes(readerOf([]), 0)).byteLength, 0);
});

test("toBytes() takes exactly its bound and cancels at one byte more", async () => {
  const fits = readerOf([[1, 2], [3, 4]]);
  assert.equal((await toBytes(fits, 4)).byteLength, 4);
  assert.deepEqual(fits.reasons, []);
  const tooLong = readerOf([[1, 2], [3, 4]]);
  await assert.rejects(toBytes(tooLong, 3), RangeError);
  assert.equal(tooLong.reasons.length, 1);
});

test("toBytes() hands the reader's failure on", async () => {
  const reason = new Error("cut");
  const reader = { ...readerOf([]), read: () => Promise.reject(reason) };
  await assert.rejects(toBytes(reader, 9), (error) => error === reason);
});
