import assert from "node:assert/strict";
import { test } from "node:test";
import { TextLineStream } from "@std/streams/text-line-stream";
import { sourceOf } from "./sources.ts";

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
