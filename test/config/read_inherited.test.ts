import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleOf } from "../sync/setup.ts";
import { IMAGE, REPOSITORY, testMistakes, testWarnings } from "./cases.ts";

const DEFAULTS =
  "defaults: {schedule: '0 1 * * *', referrers: true, verify: stream, minAge: 1h, mediaTypes: [a/b], fastCheck: true, fullCheckEvery: 9, " +
  "index: refuse, ratelimit: {min: 5, retry: 20m}, backup: 'b-{{ .Ref.Tag }}'}";

test("parseSyncConfig() applies defaults to a rule", () => {
  const rule = ruleOf(`{${IMAGE}}`, DEFAULTS);
  assert.deepEqual(rule.copy, {
    referrers: true,
    digestTags: false,
    verify: "stream",
    index: "refuse",
  });
  assert.deepEqual(rule.schedule, { cron: "0 1 * * *" });
  assert.deepEqual(rule.rateLimit, { min: 5, retryMs: 1_200_000 });
  assert.deepEqual([rule.minAgeMs, rule.mediaTypes, rule.fastCheck], [3_600_000, ["a/b"], true]);
  assert.equal(rule.fullCheckEvery, 9);
  assert.equal(rule.backup?.template, "b-{{ .Ref.Tag }}");
  assert.equal(rule.backup?.sync["Schedule"], "0 1 * * *");
});

test("parseSyncConfig() takes the rule's word before that of defaults", () => {
  const own =
    "interval: 5m, referrers: false, verify: auto, minAge: 0, mediaTypes: [c/d], fastCheck: false, index: sparse, fullCheckEvery: 1, " +
    "ratelimit: {min: 7}, backup: c";
  const rule = ruleOf(`{${IMAGE}, ${own}}`, DEFAULTS);
  assert.deepEqual(rule.copy, {
    referrers: false,
    digestTags: false,
    verify: "auto",
    index: "sparse",
  });
  assert.deepEqual(rule.schedule, { everyMs: 300_000 });
  assert.deepEqual(rule.rateLimit, { min: 7, retryMs: 1_200_000 });
  assert.deepEqual([rule.minAgeMs, rule.mediaTypes, rule.fastCheck], [undefined, ["c/d"], false]);
  assert.deepEqual([rule.backup?.template, rule.backup?.sync["Interval"]], ["c", "5m"]);
  assert.equal(rule.fullCheckEvery, 1);
});

testMistakes([
  [
    "no run between two full comparisons",
    `sync: [{${IMAGE}, fullCheckEvery: 0}]`,
    /fullCheckEvery: expected at least 1, got "0"/,
  ],
  [
    "an interval without a unit",
    `sync: [{${IMAGE}, interval: 60}]`,
    /interval: "60" is not a duration/,
  ],
  [
    "a schedule of six fields",
    `sync: [{${IMAGE}, schedule: "0 0 0 * * *"}]`,
    /schedule: "0 0 0 \* \* \*" is not a valid schedule: expected 5 fields, got 6/,
  ],
  ["minAge in days", `sync: [{${IMAGE}, minAge: 3d}]`, /minAge: "3d" is not a duration/],
  [
    "a mistake of defaults, once",
    `defaults: {interval: x}\nsync: [{${IMAGE}}, {${IMAGE}}]`,
    /^f:1:22: defaults\.interval: "x" is not a duration[^\n]*$/,
  ],
]);

testWarnings([
  [
    "a schedule beside an interval",
    `sync: [{${REPOSITORY}, interval: 1h, schedule: '@daily'}]`,
    /interval: ignored: schedule takes precedence/,
  ],
  [
    "a short wait",
    `sync: [{${REPOSITORY}, ratelimit: {min: 1, retry: 1m}}]`,
    /ratelimit\.retry: read as 5m/,
  ],
]);
