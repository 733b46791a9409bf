import assert from "node:assert/strict";
import { test } from "node:test";
import { abortable } from "../src/abortable.ts";

const never = new Promise<never>(() => {});

test("abortable() settles as the promise does, with and without a signal", async () => {
  for (const signal of [undefined, new AbortController().signal]) {
    assert.equal(await abortable(Promise.resolve(1), signal), 1);
    await assert.rejects(abortable(Promise.reject(new Error("cut")), signal), /cut/);
  }
});

test("abortable() rejects with the reason of the signal, before and while it waits", async () => {
  const reason = new Error("enough");
  const isReason = (error: unknown): boolean => error === reason;
  await assert.rejects(abortable(never, AbortSignal.abort(reason)), isReason);
  const controller = new AbortController();
  const waiting = assert.rejects(abortable(never, controller.signal), isReason);
  controller.abort(reason);
  await waiting;
});

test("abortable() leaves no rejection of the promise unhandled", async () => {
  const { promise, reject } = Promise.withResolvers<never>();
  const waiting = abortable(promise, AbortSignal.abort(new Error("enough")));
  await assert.rejects(waiting, /enough/);
  // The runtime would fail this test.
  reject(new Error("too late"));
  await new Promise((resolve) => setTimeout(resolve));
});
