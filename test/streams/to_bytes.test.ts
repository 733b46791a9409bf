import assert from "node:assert/strict";
import { test } from "node:test";
import { toBytes } from "@std/streams/to-bytes";
import { bytesOf, sourceOf } from "./sources.ts";

test("toBytes() joins all chunks in order", async () => {
  const bytes = await toBytes(bytesOf([1, 2], [], [3], [4, 5, 6]));
  assert.deepEqual([...bytes], [1, 2, 3, 4, 5, 6]);
});

test("toBytes() of an empty stream is empty", async () => {
  assert.equal((await toBytes(bytesOf())).byteLength, 0);
});

test("toBytes() rejects with the error of the stream", async () => {
  const cut = new Error("cut");
  const { stream } = sourceOf([new Uint8Array(3)], cut);
  await assert.rejects(toBytes(stream), (error) => error === cut);
});
