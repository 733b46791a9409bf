import assert from "node:assert/strict";
import { test } from "node:test";
import { toText } from "@std/streams/to-text";
import { bytesOf, sourceOf } from "./sources.ts";

/** The text's UTF-8 in chunks of `size` bytes. */
function utf8(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const count = Math.ceil(bytes.byteLength / size);
  const cut = (_: unknown, i: number): Uint8Array => bytes.slice(i * size, (i + 1) * size);
  return sourceOf(Array.from({ length: count }, cut)).stream;
}

test("toText() decodes UTF-8 wherever it is cut", async () => {
  for (const size of [1, 2, 3, 100]) assert.equal(await toText(utf8("aü€😀", size)), "aü€😀");
});

test("toText() joins strings", async () => {
  assert.equal(await toText(sourceOf(["a", "", "ü", "€😀"]).stream), "aü€😀");
});

test("toText() drops a byte order mark and replaces invalid UTF-8", async () => {
  assert.equal(await toText(utf8("\ufeffa", 1)), "a");
  assert.equal(await toText(bytesOf([0x61, 0xff], [0x62, 0xe2])), "a\ufffdb\ufffd");
});

test("toText() of an empty stream is empty", async () => {
  assert.equal(await toText(bytesOf()), "");
});

test("toText() rejects with the error of the stream", async () => {
  const cut = new Error("cut");
  await assert.rejects(toText(sourceOf(["a"], cut).stream), (error) => error === cut);
});
