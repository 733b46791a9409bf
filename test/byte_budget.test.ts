import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ByteBudget, limitHeldBytes, MAX_HELD_BYTES, withBudget } from "../src/byte_budget.ts";

afterEach(() => limitHeldBytes(Infinity));

test("ByteBudget.take() rejects what an operation alone cannot hold, without a time to retry", () => {
  const budget = new ByteBudget("read image r/a", { side: "source" });
  budget.take(MAX_HELD_BYTES);
  assert.throws(() => budget.take(1), {
    code: "limit",
    side: "source",
    message: `read image r/a: more than ${MAX_HELD_BYTES} bytes to hold in memory`,
    retryAfterMs: undefined,
  });
  budget.give(budget.taken);
});

test("ByteBudget.take() names the variable if the limit of the process is the smaller one", async () => {
  limitHeldBytes(100);
  await assert.rejects(withBudget("list", {}, async (budget) => await budget.take(101)), {
    message: "list: more than 100 bytes to hold in memory",
    hint: "raise CROSSDOCK_MAX_HELD_BYTES on the server",
  });
});

test("withBudget() counts all operations of the process, and returns the bytes at the end", async () => {
  limitHeldBytes(100);
  const failed = new Error("failed");
  const first = withBudget("first", {}, async (budget) => {
    budget.take(60);
    await assert.rejects(withBudget("second", {}, async (budget) => await budget.take(60)), {
      code: "limit",
      message: "second: all operations of this process together hold more than 100 bytes in memory",
      hint: "retry after 10 seconds, or raise CROSSDOCK_MAX_HELD_BYTES on the server",
      retryAfterMs: 10_000,
    });
    throw failed;
  });
  await assert.rejects(first, failed);
  await withBudget("third", {}, async (budget) => await budget.take(100));
});

test("ByteBudget.holdText() counts two bytes for each, ahead of the text, and returns them on failure", async () => {
  const budget = new ByteBudget("read");
  const failed = new Error("failed");
  const reading = budget.holdText(10, (text) => {
    assert.equal(budget.taken, 20);
    text.add(8);
    text.add(4);
    assert.equal(budget.taken, 24);
    // A retry starts again.
    text.expect(10);
    text.add(11);
    assert.equal(budget.taken, 24);
    return Promise.reject(failed);
  });
  await assert.rejects(reading, failed);
  assert.equal(budget.taken, 0);
});

test("ByteBudget.holdText() counts the values of a JSON text", async () => {
  const budget = new ByteBudget("read");
  await budget.holdText(
    0,
    async (text) => await text.addValues(new TextEncoder().encode("[{},1]")),
  );
  assert.equal(budget.taken, 2 * 6 + 3 * 48);
  budget.give(budget.taken);
});
