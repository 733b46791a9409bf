import assert from "node:assert/strict";
import { test } from "node:test";
import { askSelf } from "../../src/durable/ask_self.ts";
import { CopyFailure } from "../../src/durable/copy_failure.ts";
import type { DurableSteps } from "../../src/durable/steps.ts";

const MIB = 1024 * 1024;

/** Steps whose requests get a body that never ends. */
function endless(init: ResponseInit): { steps: DurableSteps; readonly sentBytes: number } {
  let sentBytes = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      sentBytes += MIB;
      controller.enqueue(new Uint8Array(MIB));
    },
  });
  return {
    steps: {
      run: (_, work) => work(),
      sleepUntil: () => Promise.resolve(),
      post: () => Promise.resolve(new Response(body, init)),
      now: () => 0,
    },
    get sentBytes(): number {
      return sentBytes;
    },
  };
}

for (const status of [200, 502]) {
  test(`askSelf() reads at most 64 MiB of a response with status ${status}`, async () => {
    const answer = endless({ status, headers: { "content-type": "application/problem+json" } });
    const error = await askSelf(answer.steps, "/v1/plans", {}).catch((error) => error);
    assert.ok(error instanceof CopyFailure);
    assert.equal(error.problem.code, "limit");
    assert.ok(answer.sentBytes <= 70 * MIB, `${answer.sentBytes}`);
  });
}
