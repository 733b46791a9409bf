import assert from "node:assert/strict";
import { test } from "node:test";
import { isDue, lastTick, nextRun, toTick } from "../../src/sync/next_run.ts";
import type { Schedule } from "../../src/sync/schedule.ts";

const MINUTE_MS = 60_000;

function at(text: string): number {
  return Date.parse(text);
}

const NEXT: [schedule: Schedule, after: string, next: string | undefined][] = [
  [{ cron: "15 3 * * *", timeZone: "UTC" }, "2026-11-25T03:14:59Z", "2026-11-25T03:15:00Z"],
  [{ cron: "15 3 * * *", timeZone: "UTC" }, "2026-11-25T03:15:00Z", "2026-11-26T03:15:00Z"],
  [{ cron: "@daily", timeZone: "UTC" }, "2026-11-25T00:00:01Z", "2026-11-26T00:00:00Z"],
  [{ cron: "0 6 * * *", timeZone: "Europe/Berlin" }, "2026-07-01T00:00:00Z", "2026-07-01T04:00Z"],
  [{ cron: "0 6 * * *", timeZone: "Europe/Berlin" }, "2026-12-01T00:00:00Z", "2026-12-01T05:00Z"],
  [{ cron: "0 0 30 2 *", timeZone: "UTC" }, "2026-11-25T00:00:00Z", undefined],
  [{ everyMs: 90 * MINUTE_MS }, "1970-01-01T01:30:00Z", "1970-01-01T03:00:00Z"],
  [{ everyMs: 90 * MINUTE_MS }, "1970-01-01T01:29:59Z", "1970-01-01T01:30:00Z"],
];
for (const [schedule, after, next] of NEXT) {
  test(`nextRun() of ${JSON.stringify(schedule)} after ${after}`, () => {
    assert.equal(nextRun(schedule, at(after)), next === undefined ? undefined : at(next));
  });
}

test("isDue() has each time in exactly one tick", () => {
  const schedules: Schedule[] = [
    { cron: "7 * * * *", timeZone: "UTC" },
    { cron: "*/10 * * * *", timeZone: "UTC" },
    { everyMs: 7 * MINUTE_MS },
  ];
  const start = at("2026-11-25T00:00:00Z");
  const tickMs = 5 * MINUTE_MS;
  const counts = schedules.map((schedule) => {
    const ticks = Array.from({ length: 12 }, (_, i) => ({
      before: start + i * tickMs,
      at: start + (i + 1) * tickMs,
    }));
    return ticks.filter((tick) => isDue(schedule, tick)).length;
  });
  assert.deepEqual(counts, [1, 6, 8]);
});

test("isDue() makes one run of several times between two ticks", () => {
  const tick = { before: at("2026-11-25T00:55:00Z"), at: at("2026-11-25T01:00:00Z") };
  assert.equal(isDue({ everyMs: 1000 }, tick), true);
});

test("toTick() finds the tick before by the clock's own pattern", () => {
  const ticks = [
    toTick("*/5 * * * *", at("2026-11-25T01:00:00.120Z")),
    toTick("17 * * * *", at("2026-11-25T01:17:00Z")),
    toTick("", at("2026-11-25T01:00:59Z")),
  ];
  assert.deepEqual(ticks, [
    { at: at("2026-11-25T01:00:00Z"), before: at("2026-11-25T00:55:00Z") },
    { at: at("2026-11-25T01:17:00Z"), before: at("2026-11-25T00:17:00Z") },
    { at: at("2026-11-25T01:00:00Z"), before: at("2026-11-25T00:55:00Z") },
  ]);
});

const TOLD: [pattern: string, now: string, tick: string, before: string][] = [
  ["0 10 * * *", "2026-11-25T10:00:00.000Z", "2026-11-25T10:00Z", "2026-11-24T10:00Z"],
  ["0 10 * * *", "2026-11-25T09:59:59.900Z", "2026-11-25T10:00Z", "2026-11-24T10:00Z"],
  ["0 10 * * *", "2026-11-25T10:07:00.000Z", "2026-11-25T10:00Z", "2026-11-24T10:00Z"],
  ["* * * * *", "2026-11-25T10:00:40.000Z", "2026-11-25T10:00Z", "2026-11-25T09:59Z"],
];
for (const [pattern, now, tick, before] of TOLD) {
  test(`lastTick() of ${pattern} at ${now} is ${tick}`, () => {
    assert.deepEqual(lastTick(pattern, at(now)), { at: at(tick), before: at(before) });
  });
}
