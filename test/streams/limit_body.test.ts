import assert from "node:assert/strict";
import { test } from "node:test";
import { toBytes } from "@std/streams/to-bytes";
import { limitBody } from "../../src/streams/limit_body.ts";
import { randomBytes } from "../support/image.ts";

const LIMITS = { maxBytes: 1000, timeoutMs: 10_000, toSilence: () => new Error("silence") };

/** A response that gives these chunks and never ends, and the reason for which its body is cancelled. */
function endless(chunks: readonly Uint8Array<ArrayBuffer>[]): {
  response: Response;
  cancelled: Promise<unknown>;
} {
  const { promise: cancelled, resolve } = Promise.withResolvers<unknown>();
  let next = 0;
  const body = new ReadableStream({
    pull(controller): void | Promise<void> {
      const chunk = chunks[next++];
      return chunk ? controller.enqueue(chunk) : new Promise(() => {});
    },
    cancel: resolve,
  });
  return { response: new Response(body), cancelled };
}

test("limitBody() gives all bytes of a body that has its maximum", async () => {
  const bytes = randomBytes(1000, 1);
  assert.deepEqual(await toBytes(limitBody(new Response(bytes), LIMITS)), bytes);
});

test("limitBody() of a response without a body is empty", async () => {
  const response = new Response(null, { status: 204 });
  assert.equal((await toBytes(limitBody(response, LIMITS))).byteLength, 0);
});

test("limitBody() fails with a RangeError beyond its maximum and cancels the body", async () => {
  const { response, cancelled } = endless([randomBytes(1000, 1), randomBytes(1, 2)]);
  await assert.rejects(toBytes(limitBody(response, LIMITS)), RangeError);
  assert.ok(await cancelled instanceof RangeError);
});

test("limitBody() fails with the error for silence and cancels the body", async () => {
  const silence = new Error("silence");
  const { response, cancelled } = endless([randomBytes(10, 1)]);
  const limits = { ...LIMITS, timeoutMs: 30, toSilence: () => silence };
  await assert.rejects(toBytes(limitBody(response, limits)), (error) => error === silence);
  assert.equal(await cancelled, silence);
});

test("limitBody() fails with the error of a body that breaks off", async () => {
  const cut = new Error("cut");
  const body = new ReadableStream({ pull: (controller) => controller.error(cut) });
  const limited = limitBody(new Response(body), LIMITS);
  await assert.rejects(toBytes(limited), (error) => error === cut);
});
