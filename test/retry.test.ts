import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError, NetworkError, SilenceError } from "../src/errors.ts";
import { parseRetryAfter, retryDelayMs } from "../src/retry.ts";

const busy = (retryAfterMs?: number): CrossdockError =>
  new CrossdockError("rate_limited", "busy", { isTemporary: true, retryAfterMs });

test("retryDelayMs() doubles the wait up to half a minute", () => {
  const delays = Array.from({ length: 9 }, (_, attempt) => retryDelayMs(busy(), attempt, 9, 0));
  assert.deepEqual(delays, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test("retryDelayMs() makes half of the wait jitter", () => {
  assert.equal(retryDelayMs(busy(), 0, 1, 0), 250);
  assert.equal(retryDelayMs(busy(), 0, 1, 0.5), 375);
  assert.equal(retryDelayMs(busy(), 0, 1, 1), 500);
});

test("retryDelayMs() stops after as many retries as are allowed", () => {
  assert.equal(retryDelayMs(busy(), 2, 2, 0), undefined);
  assert.equal(retryDelayMs(busy(), 0, 0, 0), undefined);
  assert.notEqual(retryDelayMs(busy(), 1, 2, 0), undefined);
});

for (
  const [asked, wanted] of [[0, 0], [1000, 1000], [60_000, 60_000], [60_001, undefined]] as const
) {
  test(`retryDelayMs() of Retry-After ${asked} ms is ${wanted}`, () => {
    assert.equal(retryDelayMs(busy(asked), 0, 1, 0), wanted);
  });
}

test("retryDelayMs() is never less than Retry-After", () => {
  assert.equal(retryDelayMs(busy(1000), 0, 1, 0.5), 1250);
});

const STOPS: readonly [name: string, error: unknown][] = [
  ["an error that stays", new CrossdockError("denied", "no")],
  ["an error of another kind", new TypeError("x")],
  ["a bad certificate", new NetworkError("certificate", "x")],
  ["no error", undefined],
];

for (const [name, error] of STOPS) {
  test(`retryDelayMs() stops at ${name}`, () => {
    assert.equal(retryDelayMs(error, 0, 5, 0), undefined);
  });
}

for (const error of [new NetworkError("reset", "x"), new SilenceError("x", 1)]) {
  test(`retryDelayMs() retries after ${error.name}`, () => {
    assert.equal(retryDelayMs(error, 0, 5, 0), 250);
  });
}

test("retryDelayMs() retries after silence once", () => {
  assert.equal(retryDelayMs(new SilenceError("x", 1), 1, 5, 0), undefined);
});

const NOW_MS = Date.UTC(2030, 0, 1, 12, 0, 0);

const RETRY_AFTER: readonly [value: string | null, wanted: number | undefined][] = [
  [null, undefined],
  ["", undefined],
  ["0", 0],
  ["7", 7000],
  [" 7 ", 7000],
  ["Tue, 01 Jan 2030 12:00:42 GMT", 42_000],
  ["Tuesday, 01-Jan-30 12:00:42 GMT", 42_000],
  ["Tue Jan  1 12:00:42 2030 GMT", 42_000],
  ["Tue, 01 Jan 2030 11:00:00 GMT", 0],
  ["-5", undefined],
  ["1.5", undefined],
  ["7s", undefined],
  ["soon", undefined],
  ["Tuesday", undefined],
];

for (const [value, wanted] of RETRY_AFTER) {
  test(`parseRetryAfter() of ${JSON.stringify(value)} is ${wanted}`, () => {
    assert.equal(parseRetryAfter(value, NOW_MS), wanted);
  });
}
