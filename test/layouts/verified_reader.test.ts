import assert from "node:assert/strict";
import { test } from "node:test";
import { verifyChunks } from "../../src/layouts/verified_reader.ts";
import { bytesOf, chunksOf, describe, readAll } from "./setup.ts";

test("verifyChunks() passes on content that matches", async () => {
  const descriptor = await describe("hello world");
  assert.equal(
    await readAll(verifyChunks(chunksOf("hello", " world"), descriptor, "x")),
    "hello world",
  );
  assert.equal(await readAll(verifyChunks(bytesOf("hello world"), descriptor, "x")), "hello world");
  assert.equal(
    await readAll(verifyChunks(new Response("hello world"), descriptor, "x")),
    "hello world",
  );
  assert.equal(await readAll(verifyChunks(bytesOf(""), await describe(""), "x")), "");
});

for (
  const [name, chunks, message] of [
    [
      "other bytes",
      ["hello", " World"],
      /blob: its bytes have digest sha256:[0-9a-f]{64}, expected sha256:/,
    ],
    ["too few bytes", ["hello"], /blob: it has 5 bytes, expected 11/],
    ["too many bytes", ["hello", " world", "!"], /blob: it has more than 11 bytes/],
    ["no bytes", [], /blob: it has 0 bytes, expected 11/],
  ] as const
) {
  test(`verifyChunks() does not return the last chunk of content with ${name}`, async () => {
    const reader = verifyChunks(chunksOf(...chunks), await describe("hello world"), "blob");
    let text = "";
    await assert.rejects(async () => {
      for (let chunk = await reader.read(); chunk; chunk = await reader.read()) {
        text += new TextDecoder().decode(chunk);
      }
    }, { name: "CrossdockError", code: "integrity", message });
    assert.ok(text.length < "hello world".length, text);
  });
}
