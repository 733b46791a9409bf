import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEvery, parseSchedule } from "../../src/sync/schedule.ts";
import type { Schedule } from "../../src/sync/schedule.ts";

const GOOD: [text: string, schedule: Schedule][] = [
  ["15 3 * * *", { cron: "15 3 * * *" }],
  [" */5 8-18 * JAN-JUN MON,WED ", { cron: "*/5 8-18 * JAN-JUN MON,WED" }],
  ["0 0 ? * *", { cron: "0 0 ? * *" }],
  ["@daily", { cron: "@daily" }],
  ["@every 1h30m", { everyMs: 5_400_000 }],
  ["CRON_TZ=Europe/Berlin 0 6 * * *", { cron: "0 6 * * *", timeZone: "Europe/Berlin" }],
  ["TZ=UTC @hourly", { cron: "@hourly", timeZone: "UTC" }],
];
for (const [text, schedule] of GOOD) {
  test(`parseSchedule() reads ${text.trim()}`, () => {
    assert.deepEqual(parseSchedule(text), schedule);
  });
}

for (
  const text of [
    "",
    "often",
    "* * *",
    "60 * * * *",
    "0 0 0 * * *",
    "*/0 * * * *",
    "@every 1d",
    "@every 1ms",
    "@sometimes",
    "TZ=Mars/North 0 0 * * *",
  ]
) {
  test(`parseSchedule() rejects ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseSchedule(text), { name: "ParseError" });
  });
}

test("parseEvery() wants a second at least", () => {
  assert.equal(parseEvery("1s"), 1000);
  assert.throws(() => parseEvery("999ms"), /too short/);
});
