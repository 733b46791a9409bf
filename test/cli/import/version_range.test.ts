import assert from "node:assert/strict";
import { test } from "node:test";
import { convertRange } from "../../../src/cli/import/version_range.ts";
import type { RangeDialect } from "../../../src/cli/import/version_range.ts";
import { parseVersionRange } from "../../../src/sync/version.ts";

const GOOD: [dialect: RangeDialect, text: string, ranges: string[]][] = [
  ["masterminds", ">= 3.12.0", [">=3.12.0"]],
  ["masterminds", ">=1.2, <2.0.0", [">=1.2 <2.0.0"]],
  ["masterminds", ">=1.2 <2.0.0 || >=3.0.0", [">=1.2 <2.0.0", ">=3.0.0"]],
  ["masterminds", "1.2.3", ["=1.2.3"]],
  ["masterminds", "1.2", [">=1.2 <1.3"]],
  ["masterminds", "=1", [">=1 <2"]],
  ["masterminds", ">1.2", [">=1.3"]],
  ["masterminds", ">1.2.3", [">1.2.3"]],
  ["masterminds", "<=1.2", ["<1.3"]],
  ["masterminds", "=<1.2.3", ["<=1.2.3"]],
  ["masterminds", "1.2.x", [">=1.2 <1.3"]],
  ["masterminds", "1.*", [">=1 <2"]],
  ["masterminds", "*", [">=0"]],
  ["masterminds", "~1.2.3", [">=1.2.3 <1.3"]],
  ["masterminds", "~1", [">=1 <2"]],
  ["masterminds", "~> 1.2", [">=1.2 <1.3"]],
  ["masterminds", "^1.2.3", [">=1.2.3 <2"]],
  ["masterminds", "^0.2.3", [">=0.2.3 <0.3"]],
  ["masterminds", "^0.0.3", [">=0.0.3 <0.0.4"]],
  ["masterminds", "^0", [">=0 <1"]],
  ["masterminds", ">=v1.0.0-rc.1", [">=1.0.0-rc.1"]],
  ["masterminds", "v3.1.0 - v3.4.0", [">=3.1.0 <=3.4.0"]],
  ["masterminds", "1.2 - 1.4 || ^3", [">=1.2 <1.5", ">=3 <4"]],
  ["masterminds", "!=1.36.1", ["<1.36.1", ">1.36.1"]],
  ["masterminds", ">=1.2, !=1.36", [">=1.2 <1.36", ">=1.2 >=1.37"]],
  ["blang", ">=1.0.0 !1.2.3", [">=1.0.0 <1.2.3", ">=1.0.0 >1.2.3"]],
  ["blang", "!=1.2.3 !=1.2.4", [
    "<1.2.3 <1.2.4",
    ">1.2.3 <1.2.4",
    "<1.2.3 >1.2.4",
    ">1.2.3 >1.2.4",
  ]],
  ["blang", ">=1.31.0 <1.31.9", [">=1.31.0 <1.31.9"]],
  ["blang", "==1.2.3 || 2.x", ["=1.2.3", ">=2 <3"]],
];
for (const [dialect, text, ranges] of GOOD) {
  test(`convertRange() ${dialect} ${text} is ${ranges.join(" or ")}`, () => {
    assert.deepEqual(convertRange(text, dialect), ranges);
    for (const range of ranges) parseVersionRange(range);
  });
}

for (
  const text of [
    "",
    "!=*",
    "!=1 ".repeat(7),
    ">=1.0.0 !1.2.3",
    ">1.2 - 1.4",
    "latest",
    ">=1.2.3.4",
    ">=",
    "1 ||",
  ]
) {
  test(`convertRange() cannot say ${JSON.stringify(text)}`, () => {
    assert.equal(convertRange(text, "masterminds"), undefined);
  });
}
