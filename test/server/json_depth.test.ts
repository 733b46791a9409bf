import assert from "node:assert/strict";
import { test } from "node:test";
import { rejectDeepJson } from "../../src/server/json_depth.ts";

const GOOD = [
  "",
  "[".repeat(64) + "]".repeat(64),
  "[[]],".repeat(100),
  JSON.stringify("[".repeat(100)),
  JSON.stringify('"[{'.repeat(100)),
  JSON.stringify({ "\\": "[".repeat(100) }),
];

for (const text of GOOD) {
  test(`rejectDeepJson() accepts ${text.slice(0, 20)}`, () => rejectDeepJson(text));
}

for (const text of ["[".repeat(65), '{"a":'.repeat(65), '{"[":[{"a":'.repeat(40)]) {
  test(`rejectDeepJson() rejects ${text.slice(0, 20)}`, () => {
    assert.throws(() => rejectDeepJson(text), /more than 64 levels/);
  });
}
