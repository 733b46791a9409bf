import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError } from "../../src/errors.ts";
import type { Claim } from "../../src/sync/claims.ts";
import type { RepositoryWork } from "../../src/sync/expand.ts";
import { choosePrunable, mayPrune } from "../../src/sync/prune.ts";

function workOf(tags: string[], rest: Partial<RepositoryWork> = {}): RepositoryWork {
  return {
    source: "a.example/app",
    targets: ["b.example/app"],
    items: tags.map((tag) => ({
      rule: "app",
      source: `a.example/app:${tag}`,
      requests: [],
      mayBeMissing: false,
    })),
    tooFresh: [],
    ...rest,
  };
}

const HALF = { keep: [], maxShare: 0.5, claims: [] };

test("choosePrunable() chooses tags that are no longer selected", () => {
  assert.deepEqual(choosePrunable(HALF, workOf(["1", "2"]), ["1", "2", "3", "4"]), {
    tags: ["3", "4"],
    uncertain: [],
    isTooMuch: false,
  });
});

test("choosePrunable() keeps what a pattern takes, what is too fresh, and tags of digests", () => {
  const present = [
    "1",
    "old-1",
    "fresh",
    `sha256-${"a".repeat(64)}.sig`,
    `sha256-${"b".repeat(64)}`,
    "2",
  ];
  const options = { keep: ["old-.*"], maxShare: 1, claims: [] };
  assert.deepEqual(choosePrunable(options, workOf(["1"], { tooFresh: ["fresh"] }), present).tags, [
    "2",
  ]);
});

test("choosePrunable() says that it is more than the share", () => {
  const present = ["1", "2", "3", "4", "5"];
  assert.deepEqual(choosePrunable(HALF, workOf(["1", "2"]), present), {
    tags: ["3", "4", "5"],
    uncertain: [],
    isTooMuch: true,
  });
});

test("choosePrunable() allows one tag of a small repository, and none where the share is 0", () => {
  const work = workOf(["1", "2"]);
  const tenth = { ...HALF, maxShare: 0.1 };
  const none = { ...HALF, maxShare: 0 };
  assert.equal(choosePrunable(tenth, work, ["1", "2", "3"]).isTooMuch, false);
  assert.equal(choosePrunable(none, work, ["1", "2", "3"]).isTooMuch, true);
  assert.equal(choosePrunable(none, work, ["1", "2"]).isTooMuch, false);
});

test("choosePrunable() chooses nothing where nothing was selected or the source failed", () => {
  const all = { ...HALF, maxShare: 1 };
  const nothing = { tags: [], uncertain: [], isTooMuch: false };
  assert.deepEqual(choosePrunable(all, workOf([]), ["1", "2"]), nothing);
  const failure = new CrossdockError("network", "nobody listens");
  assert.deepEqual(choosePrunable(all, workOf(["1"], { failure }), ["1", "2"]), nothing);
});

test("choosePrunable() leaves what others have, and names those who may have it", () => {
  const claims: Claim[] = [
    { rule: "stable", isCertain: true, takes: (tag) => tag === "stable" },
    { rule: "other", isCertain: false, takes: (tag) => /^s|^old-/.test(tag) },
  ];
  const present = ["1", "2", "stable", "old-1", "old-2"];
  assert.deepEqual(choosePrunable({ ...HALF, claims }, workOf(["1"]), present), {
    tags: ["2"],
    uncertain: ["other"],
    isTooMuch: false,
  });
  assert.deepEqual(choosePrunable({ ...HALF, claims }, workOf(["1"]), ["1", "stable"]), {
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
    [["unchanged", "put-off"], false],
  ] as const
) {
  test(`mayPrune() after ${results.join(" and ") || "nothing"}`, () => {
    assert.equal(mayPrune(results), wanted);
  });
}
