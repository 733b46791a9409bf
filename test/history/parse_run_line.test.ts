import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRunLine } from "../../src/history/parse_run_line.ts";
import { recordOf } from "./setup.ts";

const LINE = JSON.stringify(recordOf());

test("parseRunLine() returns what was written, with members of a newer version", () => {
  assert.deepEqual(parseRunLine(LINE), JSON.parse(LINE));
  const newer = { ...recordOf(), colour: "red", tags: [{ result: "new", admission: {} }] };
  assert.deepEqual(parseRunLine(JSON.stringify(newer)), JSON.parse(JSON.stringify(newer)));
});

test("parseRunLine() returns nothing for a damaged line", () => {
  const damaged = [
    "",
    "null",
    "[]",
    "{}",
    LINE.slice(0, -1),
    LINE.slice(1),
    `${LINE}${LINE}`,
    LINE.replace('"tags":[]', '"tags":7'),
    LINE.replace('"state":"ok"', '"state":"fine"'),
    LINE.replace('"state":"ok"', '"state":"running"'),
    ...[{ counts: "x" }, { failure: 7 }, { rule: {} }, { postponedUntil: "soon" }, { by: "?" }]
      .map((damage) => JSON.stringify({ ...recordOf(), ...damage })),
    LINE.replace(recordOf().id, "../../etc/passwd"),
    "\u0000".repeat(100),
    `${LINE}${" ".repeat(2 * 1024 * 1024)}`,
  ];
  for (const line of damaged) {
    assert.notEqual(line, LINE);
    assert.equal(parseRunLine(line), undefined, line.slice(0, 100));
  }
});
