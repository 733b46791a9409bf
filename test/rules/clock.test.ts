import assert from "node:assert/strict";
import { test } from "node:test";
import { startClock } from "../../src/rules/clock.ts";
import { parseConfig } from "../../src/config/server_config.ts";
import type { RuleEnd, RuleOccasion } from "../../src/rules/rule_runner.ts";

const MINUTE_MS = 60_000;
const START = Date.UTC(2026, 10, 25, 3, 0, 30);

const { rules } = parseConfig({
  CROSSDOCK_CONFIG: `
sync:
  - {name: five, type: repository, source: r.example/a, target: m.example/a, schedule: "CRON_TZ=UTC */5 * * * *"}
  - {name: idle, type: repository, source: r.example/b, target: m.example/b}
`,
}).sync;

interface RunOptions {
  /** How long each run takes that the schedule began. Default: no time. */
  readonly takesMs?: number;
  /** For how long each run is put off, one after the other. */
  readonly putOffMs?: readonly (number | undefined)[];
}

/** Runs the clock until it has run rules so many times, and gives what for and when. */
async function run(
  count: number,
  { takesMs = 0, putOffMs = [] }: RunOptions,
): Promise<string[]> {
  const told: string[] = [];
  const stopping = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  let now = START;
  const track = new Set<Promise<unknown>>();
  startClock(rules, {
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
    runRule: async ({ name }, { by, at, missing = false }: RuleOccasion) => {
      told.push(`${name} ${by} ${(at - START) / 1000} ${(now - START) / 1000} ${missing}`);
      if (by === "schedule") now += takesMs;
      if (told.length === count) {
        stopping.abort(new Error("about to stop"));
        resolve();
      }
      const delayMs = putOffMs[told.length - 1];
      return await Promise.resolve(delayMs === undefined ? "started" : putOff(name, now + delayMs));
    },
    stopping: stopping.signal,
    track: (job) => void track.add(job),
  });
  await promise;
  await Promise.all(track);
  assert.equal(track.size, count);
  return told;
}

function putOff(rule: string, putOffUntil: number): RuleEnd {
  return {
    rule,
    result: "put-off",
    tags: [],
    pruned: [],
    requests: { source: 1, destination: 1 },
    durationMs: 1,
    warnings: [],
    putOffUntil,
  };
}

test("startClock() runs what has a schedule: at the start for what is missing, then at its times", async () => {
  assert.deepEqual(await run(3, { takesMs: 1000 }), [
    "five start 0 0 true",
    "five schedule 270 270 false",
    "five schedule 570 570 false",
  ]);
});

test("startClock() does not make up for what came due while a rule ran", async () => {
  assert.deepEqual(await run(3, { takesMs: 12 * MINUTE_MS }), [
    "five start 0 0 true",
    "five schedule 270 270 false",
    // Five and ten minutes later it was still running.
    "five schedule 1170 1170 false",
  ]);
});

test("startClock() goes on with a rule that was put off as soon as it may, or at its time", async () => {
  const putOffMs = [undefined, 2 * MINUTE_MS, 60 * MINUTE_MS];
  assert.deepEqual(await run(4, { putOffMs }), [
    "five start 0 0 true",
    "five schedule 270 270 false",
    "five schedule 390 390 false",
    "five schedule 570 570 false",
  ]);
});

test("startClock() goes on with what is missing where the start was put off", async () => {
  assert.deepEqual(await run(3, { putOffMs: [MINUTE_MS] }), [
    "five start 0 0 true",
    "five start 60 60 true",
    "five schedule 270 270 false",
  ]);
});
