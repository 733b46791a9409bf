import assert from "node:assert/strict";
import { test } from "node:test";
import { suggest, suggestSimilar } from "../src/suggest.ts";

const KNOWN = ["user", "source", "target", "targets", "tags", "digestTags", "schedule"];

for (
  const [word, meant] of [
    ["souce", "source"],
    ["Source", "source"],
    ["tragets", "targets"],
    ["tgas", "tags"],
    ["username", "user"],
    ["sched", "schedule"],
    ["digesttags", "digestTags"],
    ["tag", "tags"],
    ["shedule", "schedule"],
    ["targetss", "targets"],
    ["digestTag", "digestTags"],
    ["colour", undefined],
    ["x", undefined],
    ["", undefined],
  ] as const
) {
  test(`suggest() for ${JSON.stringify(word)} is ${meant}`, () => {
    assert.equal(suggest(word, KNOWN), meant);
  });
}

test("suggestSimilar() compares long words only if they can be similar", () => {
  const words = Array.from({ length: 2000 }, (_, i) => "x".repeat(100 + i % 3));
  assert.deepEqual(suggestSimilar("1.2.3", [...words, "1.2.4"], 3), ["1.2.4"]);
  assert.deepEqual(suggestSimilar("a", ["b"], 0), []);
});
