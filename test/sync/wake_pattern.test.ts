import assert from "node:assert/strict";
import { test } from "node:test";
import { isDue, lastTick, nextRun } from "../../src/sync/next_run.ts";
import { parseEvery, parseSchedule } from "../../src/sync/schedule.ts";
import type { Schedule } from "../../src/sync/schedule.ts";
import { wakePattern } from "../../src/sync/wake_pattern.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

function every(span: string): Schedule {
  return { everyMs: parseEvery(span) };
}

const PATTERNS: [schedule: Schedule, pattern: string][] = [
  [parseSchedule("TZ=UTC * * * * *"), "* * * * *"],
  [parseSchedule("TZ=UTC */15 * * * *"), "0,15,30,45 * * * *"],
  [parseSchedule("TZ=UTC 7-9,30 8-18/5 * * *"), "7,8,9,30 8,13,18 * * *"],
  [parseSchedule("TZ=UTC 15 3 * * MON-FRI"), "15 3 * * *"],
  [parseSchedule("TZ=UTC 15 3 * * 0"), "15 3 * * *"],
  [parseSchedule("TZ=UTC 0 0 L jan 5#2"), "0 0 * * *"],
  [parseSchedule("TZ=UTC 0 0 30 2 *"), "0 0 * * *"],
  [parseSchedule("TZ=UTC */60 */24 * * *"), "0 0 * * *"],
  [parseSchedule("TZ=UTC @hourly"), "0 * * * *"],
  [parseSchedule("TZ=UTC @weekly"), "0 0 * * *"],
  [parseSchedule("TZ=Europe/Berlin 0 6 * * *"), "* * * * *"],
  [parseSchedule("TZ=Asia/Kolkata 0 6 * * *"), "* * * * *"],
  [every("1s"), "* * * * *"],
  [every("90s"), "* * * * *"],
  [every("1m"), "* * * * *"],
  [every("7m"), "* * * * *"],
  [every("30m"), "0,30 * * * *"],
  [every("50m"), "0,10,20,30,40,50 * * * *"],
  [every("1h"), "0 * * * *"],
  [every("90m"), "0,30 * * * *"],
  [every("5h"), "0 * * * *"],
  [every("8h"), "0 0,8,16 * * *"],
  [every("36h"), "0 0,12 * * *"],
  [every("48h"), "0 0 * * *"],
];
for (const [schedule, pattern] of PATTERNS) {
  test(`wakePattern() of ${JSON.stringify(schedule)} is ${pattern}`, () => {
    assert.equal(wakePattern(schedule), pattern);
  });

  test(`wakePattern() of ${JSON.stringify(schedule)} misses no time and has none twice`, () => {
    const cron = wakePattern(schedule);
    const minutes = minutesOf(schedule);
    assert.deepEqual(minutes.filter((at) => lastTick(cron, at).at === at), minutes);
    const ticks = [START, ...minutes].map((at) => nextRun({ cron, timeZone: "UTC" }, at)!)
      .filter((at) => at <= (minutes.at(-1) ?? Infinity));
    for (const at of [...minutes, ...ticks]) {
      assert.equal(isDue(schedule, lastTick(cron, at)), minutes.includes(at), `${new Date(at)}`);
    }
  });
}

/** Before the night in which Berlin's clocks go back. */
const START = Date.UTC(2026, 9, 24, 11, 30);
const END = START + 3 * DAY_MS;
const MAX_MINUTES = 50;

/** The first times after the start. A clock of minutes tells of a time between two of them at the second. */
function minutesOf(schedule: Schedule): number[] {
  const minutes = new Set<number>();
  for (let at = nextRun(schedule, START); at !== undefined && at <= END;) {
    minutes.add(Math.ceil(at / MINUTE_MS) * MINUTE_MS);
    if (minutes.size === MAX_MINUTES) break;
    at = nextRun(schedule, at);
  }
  return [...minutes];
}
