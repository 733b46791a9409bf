import { test } from "node:test";
import assert from "node:assert/strict";
import { readChunks } from "../../src/streams/chunk_reader.ts";
import type { ChunkReader } from "../../src/streams/chunk_reader.ts";
import { readTextLines } from "../../src/streams/text_lines.ts";

function readerOf(...chunks: Uint8Array[]): ChunkReader {
  return readChunks(ReadableStream.from(chunks) as ReadableStream<Uint8Array<ArrayBuffer>>);
}

async function linesOf(reader: ChunkReader, maxLength = 100): Promise<string[]> {
  return await Array.fromAsync(readTextLines(reader, maxLength));
}

const TEXT = 'a\nü€😀\r\n\n{"x":"\\n"}\nlast';
const LINES = ["a", "ü€😀", "", '{"x":"\\n"}', "last"];

test("readTextLines() gives the same lines wherever the text is cut", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  for (let at = 0; at <= bytes.length; at++) {
    const cut = [bytes.subarray(0, at), bytes.subarray(at)];
    assert.deepEqual(await linesOf(readerOf(...cut)), LINES, `cut at ${at}`);
  }
  const one = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assert.deepEqual(await linesOf(readerOf(...one)), LINES);
});

test("readTextLines() gives no line after the last line's end, and none of nothing", async () => {
  assert.deepEqual(await linesOf(readerOf(new TextEncoder().encode("a\n"))), ["a"]);
  assert.deepEqual(await linesOf(readerOf()), []);
});

test("readTextLines() takes a line of the length that it was given, and none that is longer", async () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  assert.deepEqual(await linesOf(readerOf(encode("abc\nabc")), 3), ["abc", "abc"]);
  await assert.rejects(linesOf(readerOf(encode("abcd\n")), 3), RangeError);
  let isCancelled = false;
  const endless: ChunkReader = {
    read: () => Promise.resolve(new TextEncoder().encode("ab")),
    cancel(): Promise<void> {
      isCancelled = true;
      return Promise.resolve();
    },
  };
  await assert.rejects(linesOf(endless, 3), /longer than 3 characters/);
  assert.ok(isCancelled);
});

test("readTextLines() lets the reader go when its caller leaves early", async () => {
  let isCancelled = false;
  const reader: ChunkReader = {
    read: () => Promise.resolve(new TextEncoder().encode("a\n")),
    cancel(): Promise<void> {
      isCancelled = true;
      return Promise.resolve();
    },
  };
  for await (const line of readTextLines(reader, 10)) {
    assert.equal(line, "a");
    break;
  }
  assert.ok(isCancelled);
});
