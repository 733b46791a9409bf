import assert from "node:assert/strict";
import { test } from "node:test";
import { BodyBudget, readRequestBody } from "../../src/server/request_body.ts";
import type { RequestBodyLimits } from "../../src/server/request_body.ts";
import { RequestError } from "../../src/problem.ts";
import { FakeTimers } from "../support/fake_timers.ts";

const LIMITS: RequestBodyLimits = { maxBytes: 10, timeoutMs: 12_345 };

/** A request whose body is sent by hand. */
function open(headers = {}): {
  request: Request;
  sender: ReadableStreamDefaultController<Uint8Array>;
} {
  let sender: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => void (sender = controller),
  });
  const init: RequestInit & { duplex: "half" } = { method: "POST", headers, body, duplex: "half" };
  const request = new Request("http://server.test/", init);
  assert.ok(sender);
  return { request, sender };
}

function bytes(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).fill(0x61);
}

async function assertProblem(job: Promise<unknown>, status: number, code: string): Promise<void> {
  await assert.rejects(job, (error) => {
    assert.ok(error instanceof RequestError, String(error));
    assert.deepEqual([error.problem.status, error.problem.code], [status, code]);
    return true;
  });
}

test("readRequestBody() reads the pieces of a body, and no body", async () => {
  const { request, sender } = open();
  for (const length of [4, 6]) sender.enqueue(bytes(length));
  sender.close();
  assert.deepEqual((await readRequestBody(request, LIMITS)).bytes, bytes(10));
  const empty = new Request("http://server.test/", { method: "POST" });
  assert.equal((await readRequestBody(empty, LIMITS)).bytes.byteLength, 0);
});

test("readRequestBody() rejects a body that is too long, declared or not", async () => {
  const declared = open({ "content-length": "11" });
  await assertProblem(readRequestBody(declared.request, LIMITS), 413, "limit");
  const { request, sender } = open();
  sender.enqueue(bytes(11));
  await assertProblem(readRequestBody(request, LIMITS), 413, "limit");
});

test("readRequestBody() rejects a body that is not complete in time", async () => {
  using timers = new FakeTimers(LIMITS.timeoutMs);
  const { request, sender } = open();
  const reading = assertProblem(readRequestBody(request, LIMITS), 408, "timeout");
  sender.enqueue(bytes(1));
  timers.advance(LIMITS.timeoutMs);
  await reading;
});

test("readRequestBody() names a client that disconnects, with a status below 500", async () => {
  const { request, sender } = open();
  const reading = assertProblem(readRequestBody(request, LIMITS), 499, "aborted");
  sender.enqueue(bytes(1));
  sender.error(new TypeError("Cannot read body as underlying resource unavailable"));
  await reading;
});

test("readRequestBody() takes a body that is shorter than declared for one that broke off", async () => {
  const { request, sender } = open({ "content-length": "10" });
  sender.enqueue(bytes(9));
  sender.close();
  await assertProblem(readRequestBody(request, LIMITS), 499, "aborted");
});

test("readRequestBody() bounds the bytes of all bodies, and frees those of rejected and released ones", async () => {
  const limits = { ...LIMITS, budget: new BodyBudget(12) };
  const first = open();
  first.sender.enqueue(bytes(8));
  first.sender.close();
  const held = await readRequestBody(first.request, limits);
  const second = open();
  second.sender.enqueue(bytes(3));
  second.sender.enqueue(bytes(3));
  await assertProblem(readRequestBody(second.request, limits), 503, "limit");
  assert.equal(limits.budget.bytes, 8);
  for (let i = 0; i < 2; i++) held.release();
  assert.equal(limits.budget.bytes, 0);
});
