import assert from "node:assert/strict";
import { test } from "node:test";
import type { Claim } from "../../src/sync/claims.ts";
import { choosePrunable, mayPrune } from "../../src/sync/prune.ts";

const HALF = { keep: [], maxShare: 0.5, claims: [], tooFresh: [], selected: ["1", "2"] };

test("choosePrunable() chooses tags that are no longer selected", () => {
  assert.deepEqual(choosePrunable(["1", "2", "3", "4"], HALF), {
    tags: ["3", "4"],
    uncertain: [],
    isTooMuch: false,
  });
});

test("choosePrunable() keeps tags that match a pattern, that are too fresh, and digest tags", () => {
  const present = [
    "1",
    "old-1",
    "fresh",
    `sha256-${"a".repeat(64)}.sig`,
    `sha256-${"b".repeat(64)}`,
    "2",
  ];
  const options = {
    ...HALF,
    keep: ["old-.*"],
    maxShare: 1,
    selected: ["1"],
    tooFresh: ["fresh"],
  };
  assert.deepEqual(choosePrunable(present, options).tags, ["2"]);
});

test("choosePrunable() reports that the tags exceed maxShare", () => {
  const present = ["1", "2", "3", "4", "5"];
  assert.deepEqual(choosePrunable(present, HALF), {
    tags: ["3", "4", "5"],
    uncertain: [],
    isTooMuch: true,
  });
});

test("choosePrunable() allows one tag of a small repository, and none where the share is 0", () => {
  const tenth = { ...HALF, maxShare: 0.1 };
  const none = { ...HALF, maxShare: 0 };
  assert.equal(choosePrunable(["1", "2", "3"], tenth).isTooMuch, false);
  assert.equal(choosePrunable(["1", "2", "3"], none).isTooMuch, true);
  assert.equal(choosePrunable(["1", "2"], none).isTooMuch, false);
});

test("choosePrunable() chooses nothing where nothing is selected", () => {
  const all = { ...HALF, maxShare: 1, selected: [] };
  for (const tooFresh of [[], ["1"]]) {
    assert.deepEqual(choosePrunable(["1", "2"], { ...all, tooFresh }), {
      tags: [],
      uncertain: [],
      isTooMuch: false,
    });
  }
});

test("choosePrunable() keeps tags of other rules, and names the rules that may have copied them", () => {
  const claims: Claim[] = [
    { rule: "stable", isCertain: true, takes: (tag) => tag === "stable" },
    { rule: "other", isCertain: false, takes: (tag) => /^s|^old-/.test(tag) },
  ];
  const present = ["1", "2", "stable", "old-1", "old-2"];
  assert.deepEqual(choosePrunable(present, { ...HALF, claims, selected: ["1"] }), {
    tags: ["2"],
    uncertain: ["other"],
    isTooMuch: false,
  });
  assert.deepEqual(choosePrunable(["1", "stable"], { ...HALF, claims, selected: ["1"] }), {
    tags: [],
    uncertain: [],
    isTooMuch: false,
  });
});

for (
  const [results, wanted] of [
    [[], false],
    [["missing"], false],
    [["failed", "missing"], false],
    [["failed", "unchanged"], true],
    [["missing", "too-fresh"], true],
    [["skipped"], true],
    [["unchanged", "postponed"], false],
  ] as const
) {
  test(`mayPrune() after ${results.join(" and ") || "nothing"}`, () => {
    assert.equal(mayPrune(results), wanted);
  });
}
