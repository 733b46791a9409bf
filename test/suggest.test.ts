import assert from "node:assert/strict";
import { test } from "node:test";
import { suggest } from "../src/suggest.ts";

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
