import assert from "node:assert/strict";
import { test } from "node:test";
import { FreshCache } from "../../src/auth/fresh_cache.ts";

interface Value {
  readonly id: number;
  readonly expiresAt: number | undefined;
}

/** A cache with a clock to turn, whose values are numbered as they are made. */
function setUp(lifetimeMs?: number): {
  clock: { ms: number };
  cache: FreshCache<Value>;
  make: () => Promise<Value>;
} {
  const clock = { ms: 1_000_000 };
  let made = 0;
  return {
    clock,
    cache: new FreshCache<Value>({ now: () => clock.ms, expiryOf: (value) => value.expiresAt }),
    make: () => {
      const expiresAt = lifetimeMs === undefined ? undefined : clock.ms + lifetimeMs;
      return Promise.resolve({ id: ++made, expiresAt });
    },
  };
}

const LIVES: [lifetimeMs: number | undefined, ageMs: number, isKept: boolean][] = [
  [undefined, 1e12, true],
  [300_000, 269_999, true],
  [300_000, 270_000, false],
  [300_000, 400_000, false],
  [20_000, 14_999, true],
  [20_000, 15_000, false],
  [0, 0, false],
  [-5000, 0, false],
];

for (const [lifetimeMs, ageMs, isKept] of LIVES) {
  test(`FreshCache.get(): a value for ${lifetimeMs} ms is ${isKept ? "kept" : "made anew"} after ${ageMs} ms`, async () => {
    const { cache, clock, make } = setUp(lifetimeMs);
    assert.equal((await cache.get("a", make)).id, 1);
    clock.ms += ageMs;
    assert.equal((await cache.get("a", make)).id, isKept ? 1 : 2);
  });
}

test("FreshCache.get() keeps each key apart", async () => {
  const { cache, make } = setUp();
  assert.equal((await cache.get("a", make)).id, 1);
  assert.equal((await cache.get("b", make)).id, 2);
  assert.equal((await cache.get("a", make)).id, 1);
});

test("FreshCache.get() makes one value for many at once, new and stale", async () => {
  const { cache, clock, make } = setUp(60_000);
  const many = async (): Promise<number[]> =>
    (await Promise.all(Array.from({ length: 16 }, () => cache.get("a", make)))).map(({ id }) => id);
  assert.deepEqual(new Set(await many()), new Set([1]));
  clock.ms += 60_000;
  assert.deepEqual(new Set(await many()), new Set([2]));
});

test("FreshCache.get() rejects all waiting calls with a failure, and retries at the next call", async () => {
  const { cache, make } = setUp();
  const fail = (): Promise<Value> => Promise.reject(new Error("down"));
  const settled = await Promise.allSettled([cache.get("a", fail), cache.get("a", make)]);
  assert.deepEqual(settled.map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal((await cache.get("a", make)).id, 1);
});

test("FreshCache.get() replaces a refused value once for all that refuse it", async () => {
  const { cache, make } = setUp();
  const first = await cache.get("a", make);
  const refuse = (value: Value): boolean => value === first;
  const again = await Promise.all(Array.from({ length: 16 }, () => cache.get("a", make, refuse)));
  assert.deepEqual(new Set(again.map(({ id }) => id)), new Set([2]));
  assert.equal((await cache.get("a", make, refuse)).id, 2);
});
