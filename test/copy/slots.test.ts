import assert from "node:assert/strict";
import { test } from "node:test";
import { Slots } from "../../src/copy/slots.ts";

/** Lets everything that is ready happen. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

test("Slots gives so many places, and the next in the order in which they were asked for", async () => {
  const slots = new Slots(2);
  const entered: number[] = [];
  const leaves: (() => void)[] = [];
  const enter = async (i: number): Promise<void> => {
    leaves[i] = await slots.take();
    entered.push(i);
  };
  const all = [0, 1, 2, 3].map(enter);
  await settle();
  assert.deepEqual(entered, [0, 1]);
  leaves[1]?.();
  await settle();
  assert.deepEqual(entered, [0, 1, 2]);
  leaves[0]?.();
  await Promise.all(all);
  assert.deepEqual(entered, [0, 1, 2, 3]);
  leaves[2]?.();
  leaves[3]?.();
  await Promise.all([slots.take(), slots.take()]);
});

test("Slots.take() rejects with its signal and leaves the slot to the next", async () => {
  const slots = new Slots(1);
  const leave = await slots.take();
  const stop = new AbortController();
  const reason = new Error("enough");
  const given = slots.take(stop.signal);
  const next = slots.take();
  stop.abort(reason);
  await assert.rejects(given, reason);
  leave();
  (await next)();
  await assert.rejects(slots.take(stop.signal), reason);
  (await slots.take())();
});
