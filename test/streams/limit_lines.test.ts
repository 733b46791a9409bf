import assert from "node:assert/strict";
import { test } from "node:test";
import { limitLines } from "../../src/streams/limit_lines.ts";

async function pass(...chunks: string[]): Promise<string[]> {
  const text = ReadableStream.from(chunks) as ReadableStream<string>;
  return await Array.fromAsync(text.pipeThrough(limitLines(3)));
}

test("limitLines() passes on lines up to its length", async () => {
  for (const chunks of [["abc\nabc"], ["ab", "c", "\n", "abc\n\nabc\n"], ["", "abc"], []]) {
    assert.deepEqual(await pass(...chunks), chunks);
  }
});

test("limitLines() fails at a line that is longer, in one chunk or in many", async () => {
  for (const chunks of [["abcd\n"], ["a\nabcd\nb"], ["a\nab", "cd"], ["a", "b", "c", "d", "\n"]]) {
    const wanted = { name: "RangeError", message: "a line is longer than 3 characters" };
    await assert.rejects(pass(...chunks), wanted, JSON.stringify(chunks));
  }
});

test("limitLines() cancels text that has no end of a line", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const endless = new ReadableStream<string>({
    pull: (controller) => controller.enqueue("ab"),
    cancel: resolve,
  });
  await assert.rejects(Array.fromAsync(endless.pipeThrough(limitLines(3))), RangeError);
  assert.ok(await promise instanceof RangeError);
});
