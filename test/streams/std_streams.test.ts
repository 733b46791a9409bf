/**
 * The documented behaviour of each helper of @std/streams that src/ uses, whatever the name is mapped to: ours in src/streams/, or the
 * original. docs/adr/0015-std-streams.md.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LimitedBytesTransformStream } from "@std/streams/limited-bytes-transform-stream";
import { TextLineStream } from "@std/streams/text-line-stream";
import { toBytes } from "@std/streams/to-bytes";
import { toText } from "@std/streams/to-text";

interface Source<Chunk> {
  readonly stream: ReadableStream<Chunk>;
  /** The reason for which it was cancelled. */
  readonly cancelled: Promise<unknown>;
}

/** A stream of these chunks, which then ends, or fails with `error`. */
function sourceOf<Chunk>(chunks: readonly Chunk[], error?: Error): Source<Chunk> {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  let next = 0;
  const stream = new ReadableStream<Chunk>({
    pull(controller): void {
      const chunk = chunks[next++];
      if (chunk !== undefined) controller.enqueue(chunk);
      else if (error) controller.error(error);
      else controller.close();
    },
    cancel: resolve,
  }, { highWaterMark: 0 });
  return { stream, cancelled };
}

function bytesOf(...chunks: number[][]): ReadableStream<Uint8Array> {
  return sourceOf(chunks.map((chunk) => Uint8Array.from(chunk))).stream;
}

/** The text's UTF-8 in chunks of `size` bytes. */
function utf8(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  const count = Math.ceil(bytes.byteLength / size);
  const cut = (_: unknown, i: number): Uint8Array => bytes.slice(i * size, (i + 1) * size);
  return sourceOf(Array.from({ length: count }, cut)).stream;
}

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

test("toText() decodes UTF-8 wherever it is cut", async () => {
  for (const size of [1, 2, 3, 100]) assert.equal(await toText(utf8("aü€😀", size)), "aü€😀");
});

test("toText() joins strings", async () => {
  assert.equal(await toText(sourceOf(["a", "", "ü", "€😀"]).stream), "aü€😀");
});

test("toText() drops a byte order mark and replaces what is not UTF-8", async () => {
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

async function linesOf(
  chunks: readonly string[],
  options?: { allowCR: boolean },
): Promise<string[]> {
  return await Array.fromAsync(sourceOf(chunks).stream.pipeThrough(new TextLineStream(options)));
}

/** Text, its lines, and its lines where `\r` alone ends a line too. */
const TEXTS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["", [], []],
  ["a", ["a"], ["a"]],
  ["a\n", ["a"], ["a"]],
  ["\n", [""], [""]],
  ["a\nb\r\n\nc", ["a", "b", "", "c"], ["a", "b", "", "c"]],
  ["a\rb\r\nc\r\rd\n", ["a\rb", "c\r\rd"], ["a", "b", "c", "", "d"]],
  ["a\r", ["a\r"], ["a"]],
];
for (const [text, lines, linesWithCR] of TEXTS) {
  test(`TextLineStream cuts ${JSON.stringify(text)} in any chunks`, async () => {
    for (let at = 0; at <= text.length; at++) {
      const chunks = [text.slice(0, at), text.slice(at)];
      assert.deepEqual(await linesOf(chunks), lines, `cut at ${at}`);
      assert.deepEqual(await linesOf(chunks, { allowCR: false }), lines, `cut at ${at}`);
      assert.deepEqual(await linesOf(chunks, { allowCR: true }), linesWithCR, `cut at ${at}`);
    }
    assert.deepEqual(await linesOf([...text]), lines);
    assert.deepEqual(await linesOf([...text], { allowCR: true }), linesWithCR);
  });
}

test("TextLineStream joins a line of many chunks", async () => {
  const chunks = Array.from({ length: 1000 }, (_, i) => `${i},`);
  const line = chunks.join("");
  assert.deepEqual(await linesOf([...chunks, "\n", ...chunks]), [line, line]);
});

test("TextLineStream passes on its source's error", async () => {
  const cut = new Error("cut");
  const lines = sourceOf(["a\nb"], cut).stream.pipeThrough(new TextLineStream()).getReader();
  await assert.rejects(async () => {
    while (!(await lines.read()).done);
  }, (error) => error === cut);
});
