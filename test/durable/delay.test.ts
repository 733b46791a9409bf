import assert from "node:assert/strict";
import { test } from "node:test";
import { CopyFailure } from "../../src/durable/copy_failure.ts";
import { durableDelayMs } from "../../src/durable/delay.ts";
import { RequestError } from "../../src/problem.ts";

function messageWith(retryAfterMs: number | undefined): string {
  const { problem } = new RequestError("rate_limited", "slow down");
  return new CopyFailure({ ...problem, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) })
    .message;
}

test("durableDelayMs() doubles", () => {
  const delays = [1, 2, 3, 4, 5].map((attempt) => durableDelayMs(attempt, messageWith(undefined)));
  assert.deepEqual(delays, [10_000, 20_000, 40_000, 80_000, 160_000]);
});

test("durableDelayMs() is at least Retry-After", () => {
  assert.equal(durableDelayMs(4, messageWith(0)), 0);
  assert.equal(durableDelayMs(1, messageWith(1_800_000)), 1_800_000);
});

test("durableDelayMs() waits for no registry longer than an hour", () => {
  assert.equal(durableDelayMs(1, messageWith(86_400_000)), 3_600_000);
});

test("durableDelayMs() waits for a new invocation when this one may ask no more", () => {
  const { problem } = new RequestError(
    "aborted",
    "the platform stopped the Workflow: Too many subrequests.",
  );
  assert.ok(durableDelayMs(1, new CopyFailure(problem).message) > 5 * 60_000);
});

test("durableDelayMs() doubles also for a failure of the platform's", () => {
  assert.equal(durableDelayMs(2, "Network connection lost."), 20_000);
});
