import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createNameFilter,
  createTagFilter,
  literalTags,
  selectTags,
} from "../../src/sync/select_tags.ts";
import type { TagSelection } from "../../src/sync/select_tags.ts";
import type { TagSet } from "../../src/sync/rule.ts";
import { NOW } from "./setup.ts";

const HOUR = 3_600_000;

function set(parts: Partial<TagSet> = {}): TagSet {
  return { allow: [], deny: [], semverRange: [], ...parts };
}

/** Selects, with dates as hours before now; notes which were asked for. */
async function select(
  rule: { sets?: TagSet[]; minAgeMs?: number },
  tags: string[],
  hours: Record<string, number> = {},
): Promise<TagSelection & { asked: string[] }> {
  const asked: string[] = [];
  const { sets: tagSets = [], ...rest } = rule;
  const selection = await selectTags({ tagSets, ...rest }, tags, {
    now: NOW,
    created: (tag) => {
      asked.push(tag);
      const age = hours[tag];
      return Promise.resolve(age === undefined ? undefined : new Date(NOW - age * HOUR));
    },
  });
  return { ...selection, asked };
}

test("selectTags() without sets selects all tags once and reads no date", async () => {
  assert.deepEqual(await select({}, ["b", "a", "b"]), {
    tags: ["b", "a"],
    tooFresh: [],
    asked: [],
  });
});

test("selectTags() selects by range, then allow, then deny", async () => {
  const sets = [set({ semverRange: [">=1.1"], allow: ["1\\..*"], deny: [".*-rc"] })];
  const tags = ["1.0", "1.1", "1.2", "1.2-rc", "2.0", "latest"];
  assert.deepEqual((await select({ sets }, tags)).tags, ["1.1", "1.2"]);
});

test("selectTags() selects the tags of any set, in the order of the list", async () => {
  const sets = [set({ allow: ["c"] }), set({ allow: ["a", "b"] }), set({ allow: ["none"] })];
  assert.deepEqual((await select({ sets }, ["a", "b", "c", "d"])).tags, ["a", "b", "c"]);
});

test("selectTags() selects the latest by version, without those that are none", async () => {
  const sets = [set({ deny: [".*-rc.*"], latest: { count: 3, by: "semver" } })];
  const tags = ["1.9", "1.10", "v1.11", "2.0-rc1", "latest", "1.2"];
  assert.deepEqual(await select({ sets }, tags), {
    tags: ["1.9", "1.10", "v1.11"],
    tooFresh: [],
    asked: [],
  });
});

test("selectTags() has an order for versions that are the same", async () => {
  const sets = [set({ latest: { count: 1, by: "semver" } })];
  for (const tags of [["1.0-b.9", "1.0-b.10"], ["1.0-b.10", "1.0-b.9"]]) {
    assert.deepEqual((await select({ sets }, tags)).tags, ["1.0-b.10"]);
  }
});

test("selectTags() selects the latest by date; without a date it is the oldest", async () => {
  const sets = [set({ allow: ["[a-z]"], latest: { count: 2, by: "created" } })];
  const hours = { a: 30, b: 10, c: 20, other: 1 };
  assert.deepEqual(await select({ sets }, ["a", "b", "c", "d", "other"], hours), {
    tags: ["b", "c"],
    tooFresh: [],
    asked: ["a", "b", "c", "d"],
  });
});

test("selectTags() has each set count its own latest", async () => {
  const sets = [
    set({ semverRange: ["^1"], latest: { count: 1, by: "semver" } }),
    set({ semverRange: ["^2"], latest: { count: 1, by: "semver" } }),
  ];
  assert.deepEqual((await select({ sets }, ["1.0", "1.1", "2.0", "2.1"])).tags, ["1.1", "2.1"]);
});

test("selectTags() reports tags that are too fresh separately", async () => {
  const hours = { a: 1, b: 3, d: -1 };
  const found = await select({ minAgeMs: 2 * HOUR }, ["a", "b", "c", "d"], hours);
  assert.deepEqual(found, { tags: ["b", "c"], tooFresh: ["a", "d"], asked: ["a", "b", "c", "d"] });
});

test("selectTags() selects the latest of the tags that are old enough, and reads no more dates", async () => {
  const sets = [set({ latest: { count: 2, by: "semver" } })];
  const hours = { "5": 1, "4": 3, "3": 3, "2": 3, "1": 3 };
  const found = await select({ sets, minAgeMs: 2 * HOUR }, ["1", "2", "3", "4", "5"], hours);
  assert.deepEqual(found, { tags: ["3", "4"], tooFresh: ["5"], asked: ["5", "4", "3"] });
});

test("selectTags() reads a date once for all sets", async () => {
  const sets = [set({ allow: ["a"] }), set({ allow: [".*"] })];
  assert.deepEqual((await select({ sets, minAgeMs: HOUR }, ["a", "b"])).asked, ["a", "b"]);
});

test("selectTags() rejects with the error of a date", async () => {
  const failing = selectTags({ tagSets: [], minAgeMs: 1 }, ["a"], {
    now: NOW,
    created: () => Promise.reject(new Error("no date")),
  });
  await assert.rejects(failing, /no date/);
});

test("createTagFilter() is true for tags that a rule may select", () => {
  const tagSets = [
    set({ allow: ["a"] }),
    set({ semverRange: [">=2"], latest: { count: 1, by: "semver" } }),
  ];
  const mayMean = createTagFilter({ tagSets });
  assert.deepEqual(["a", "b", "1", "2", "3"].filter(mayMean), ["a", "2", "3"]);
  assert.equal(createTagFilter({ tagSets: [] })("anything"), true);
});

test("createNameFilter() without allow selects all names that are not denied", () => {
  const filter = createNameFilter({ allow: [], deny: ["team/scratch-.*"] });
  assert.deepEqual(["team/a", "team/scratch-1"].filter(filter), ["team/a"]);
});

const LITERALS: [name: string, sets: TagSet[], tags: string[] | undefined][] = [
  ["names", [set({ allow: ["latest", "v1\\.2"] })], ["latest", "v1.2"]],
  ["names in several sets, each once", [set({ allow: ["a"] }), set({ allow: ["b", "a"] })], [
    "a",
    "b",
  ]],
  ["names that are not denied", [set({ allow: ["a", "b"], deny: ["b.*"] })], ["a"]],
  ["names within a range", [set({ allow: ["1", "3", "x"], semverRange: ["<2"] })], ["1"]],
  ["a dot, which takes anything", [set({ allow: ["1.2"] })], undefined],
  ["one pattern among names", [set({ allow: ["a", "b+"] })], undefined],
  ["one set without names", [set({ allow: ["a"] }), set()], undefined],
  ["no sets", [], undefined],
  [
    "the latest of names",
    [set({ allow: ["1", "2"], latest: { count: 1, by: "semver" } })],
    undefined,
  ],
];
for (const [name, tagSets, tags] of LITERALS) {
  test(`literalTags() for ${name}: ${tags ? tags.join() : "a list is needed"}`, () => {
    assert.deepEqual(literalTags({ tagSets }), tags);
  });
}
