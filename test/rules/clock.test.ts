import assert from "node:assert/strict";
import { test } from "node:test";
import { runAtStart, runClock } from "../../src/rules/clock.ts";
import type { ClockOptions } from "../../src/rules/clock.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import type { RuleOccasion } from "../../src/rules/dispatch.ts";

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 10, 25, 3, 0, 30);

const { rules } = parseConfig({
  CROSSDOCK_CONFIG: `
sync:
  - {name: five, type: repository, source: r.example/a, target: m.example/a, schedule: "CRON_TZ=UTC */5 * * * *"}
  - {name: idle, type: repository, source: r.example/b, target: m.example/b}
`,
}).sync;

interface FakeOptions {
  /** How long each run takes that the schedule began. Default: no time. */
  readonly takesMs?: number;
  /** For how long a rate limit postpones each run, one after the other. */
  readonly postponedMs?: readonly (number | undefined)[];
}

/** Runs the clock until rules have begun so many times, and gives what for and when. */
async function run(
  count: number,
  { takesMs = 0, postponedMs = [] }: FakeOptions,
): Promise<string[]> {
  const begun: string[] = [];
  const stopping = new AbortController();
  let now = START;
  const options: ClockOptions = {
    runtime: {
      now: () => now,
      sleep: async (ms, signal) => {
        const until = now + ms;
        // Others get their turn.
        await new Promise((next) => setTimeout(next, 0));
        signal?.throwIfAborted();
        assert.ok(ms > 0 && ms <= MINUTE_MS, `${ms}`);
        now = Math.max(now, until);
      },
    },
    async run({ name }, { by, at, missing = false, waitUntil }: RuleOccasion): Promise<void> {
      const begin = (what: string): number =>
        begun.push(`${name} ${what} ${(at - START) / 1000} ${(now - START) / 1000} ${missing}`);
      const number = begin(by);
      if (by === "schedule") now += takesMs;
      if (number === count) stopping.abort(new Error("about to stop"));
      const delayMs = postponedMs[number - 1];
      if (delayMs === undefined) return;
      begin(await waitUntil?.(now + delayMs) ? "waited" : "did not wait");
    },
    stopping: stopping.signal,
  };
  await Promise.allSettled([runAtStart(rules, options), runClock(rules, options)]);
  return begun;
}

test("runClock() runs rules by their schedules, and runAtStart() copies missing tags before", async () => {
  assert.deepEqual(await run(3, { takesMs: 1000 }), [
    "five start 0 0 true",
    "five schedule 270 270 false",
    "five schedule 570 570 false",
  ]);
});

test("runClock() skips times that pass while a rule runs", async () => {
  assert.deepEqual(await run(3, { takesMs: 12 * MINUTE_MS }), [
    "five start 0 0 true",
    "five schedule 270 270 false",
    // Five and ten minutes later it was still running.
    "five schedule 1170 1170 false",
  ]);
});

test("runClock() lets a rule wait for a rate limit, until its next time at the latest", async () => {
  const postponedMs = [undefined, 2 * MINUTE_MS, undefined, 5 * MINUTE_MS];
  assert.deepEqual(await run(6, { postponedMs }), [
    "five start 0 0 true",
    "five schedule 270 270 false",
    "five waited 270 390 false",
    "five schedule 570 570 false",
    "five did not wait 570 570 false",
    "five schedule 870 870 false",
  ]);
});

test("runAtStart() lets a rule wait for a rate limit", async () => {
  assert.deepEqual(await run(3, { postponedMs: [MINUTE_MS] }), [
    "five start 0 0 true",
    "five waited 0 60 true",
    "five schedule 270 270 false",
  ]);
});

test("runAtStart() begins the next rule while one waits for a rate limit", async () => {
  const { rules } = parseConfig({
    CROSSDOCK_CONFIG: `
sync:
  - {name: a, type: repository, source: r.example/a, target: m.example/a, interval: 1h}
  - {name: b, type: repository, source: r.example/b, target: m.example/b, interval: 1h}
`,
  }).sync;
  const begun: string[] = [];
  const over = Promise.withResolvers<void>();
  let now = 0;
  await runAtStart(rules, {
    runtime: {
      now: () => now,
      sleep: async (ms): Promise<void> => {
        await over.promise;
        now += ms;
      },
    },
    async run({ name }, { waitUntil }): Promise<void> {
      begun.push(name);
      if (name === "b") return over.resolve();
      const sleeping = waitUntil?.(MINUTE_MS);
      await over.promise;
      void sleeping;
    },
    stopping: new AbortController().signal,
  });
  assert.deepEqual(begun, ["a", "b"]);
});
