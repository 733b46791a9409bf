import assert from "node:assert/strict";
import { test } from "node:test";
import { compareVersions, parseVersion, parseVersionRange } from "../../src/sync/version.ts";
import type { Version } from "../../src/sync/version.ts";

function version(text: string): Version {
  const parsed = parseVersion(text);
  assert.ok(parsed, text);
  return parsed;
}

test("parseVersion() takes numbers, however many, after a v or none", () => {
  for (
    const text of ["1", "v1.2", "1.2.3", "10.0.17763.2114", "20241231235959", "1.2.3-rc.1+x-y"]
  ) {
    assert.ok(parseVersion(text), text);
  }
});

for (
  const text of [
    "",
    "v",
    "latest",
    "V1",
    "vv1",
    "1.x",
    "1..2",
    "1.2.",
    "1e5",
    "sha256-ab",
    "99999999999999999999",
  ]
) {
  test(`parseVersion() finds none in ${JSON.stringify(text)}`, () => {
    assert.equal(parseVersion(text), undefined);
  });
}

test("compareVersions() sorts", () => {
  const sorted = [
    "0.9",
    "1.0.0-alpha",
    "1.0.0-beta",
    "1.0.0-rc2",
    "1.0.0-rc2.1",
    "1.0.0-rc11",
    "1.0.0",
    "1.0.0.1",
    "1.2",
    "1.10",
    "9007199254740993",
    "9007199254740994",
  ];
  const shuffled = [...sorted].reverse();
  shuffled.sort((a, b) => compareVersions(version(a), version(b)));
  assert.deepEqual(shuffled, sorted);
});

for (const [a, b] of [["1", "v1.0.0"], ["1.0-", "1"], ["1+a", "1+b"], ["1-alpha.1", "1-alpha.2"]]) {
  test(`compareVersions() treats ${a} and ${b} as equal, like regsync`, () => {
    assert.equal(compareVersions(version(a ?? ""), version(b ?? "")), 0);
  });
}

const RANGES: [range: string, inside: string[], outside: string[]][] = [
  [">=1.2 <2.0", ["1.2", "1.2.0", "1.99", "2.0-rc1", "1.3.0-alpine"], ["1.1.9", "2.0", "1.2-rc1"]],
  ["1.2.3", ["1.2.3", "v1.2.3", "1.2.3.0"], ["1.2.3-rc1", "1.2.4"]],
  ["=1.2.3", ["1.2.3"], ["1.2.4"]],
  [">1", ["1.0.1"], ["1", "1.0.0-a"]],
  ["<=1.5", ["1.5.0", "1.5-rc1"], ["1.5.1"]],
  ["^1.2.3", ["1.2.3", "1.9"], ["1.2.2", "2.0.0"]],
  ["^0.2.3", ["0.2.9"], ["0.3.0", "0.2.2"]],
  ["^0.0.3", ["0.0.3"], ["0.0.4"]],
  ["~1.2.3", ["1.2.3", "1.2.99"], ["1.3.0"]],
  ["~1", ["1.0.5"], ["1.1"]],
  [" >=v1.0.0-rc1\t<v2 ", ["1.0.0-rc2", "1.0.0"], ["1.0.0-beta"]],
];
for (const [range, inside, outside] of RANGES) {
  test(`parseVersionRange() ${range.trim()} matches the versions inside only`, () => {
    const check = parseVersionRange(range);
    for (const text of inside) assert.equal(check(version(text)), true, text);
    for (const text of outside) assert.equal(check(version(text)), false, text);
  });
}

for (const range of ["", " ", ">=", ">= 1.0", "1.x", "1.0 || 2.0", "!1.0", "^", "~latest"]) {
  test(`parseVersionRange() rejects ${JSON.stringify(range)}`, () => {
    assert.throws(() => parseVersionRange(range), { name: "ParseError" });
  });
}
