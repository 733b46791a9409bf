import assert from "node:assert/strict";
import { test } from "node:test";
import { compilePattern, hasLooseEnds, literalOf } from "../../src/sync/pattern.ts";

const MATCHES: [pattern: string, yes: string[], no: string[]][] = [
  ["latest", ["latest"], ["latest2", "a-latest"]],
  ["3.\\d+", ["3.19", "3x1"], ["3.", "13.1"]],
  ["a|b", ["a", "ax", "xb"], ["c", "xa"]],
  ["(a|b)", ["a", "b"], ["ax", "xb"]],
  ["(?i)LATEST", ["latest", "Latest"], ["late"]],
  ["(?P<x>v)\\d", ["v1"], ["v"]],
  ["[[:digit:]]+", ["12"], ["a"]],
  ["\\Q1.2\\E", ["1.2"], ["1x2"]],
  ["", [""], ["a"]],
];
for (const [pattern, yes, no] of MATCHES) {
  test(`compilePattern() ${JSON.stringify(pattern)} is Go's expression between anchors`, () => {
    const matches = compilePattern(pattern);
    for (const text of yes) assert.equal(matches(text), true, text);
    for (const text of no) assert.equal(matches(text), false, text);
  });
}

for (const pattern of ["(", "a**", "(?=a)", "(?<!a)b", "(a)\\1", "\\h", "[z-a]", "a{1001}"]) {
  test(`compilePattern() rejects ${pattern}, which Go does not have`, () => {
    assert.throws(() => compilePattern(pattern), {
      name: "ParseError",
      message: /is not a valid pattern: /,
      hint: /re2/,
    });
  });
}

test("compilePattern() takes no exponential time", () => {
  const matches = compilePattern("(([a-z])+.)+[A-Z]([a-z])+");
  let steps = 0;
  // A backtracking engine would not come to the end of the first.
  for (; steps < 100; steps++) assert.equal(matches("a".repeat(128)), false);
  assert.equal(steps, 100);
});

const LARGE: readonly [what: string, small: string, large: string, message: RegExp][] = [
  [
    "characters",
    "a".repeat(4000),
    "a".repeat(4001),
    /it has 4001 characters, expected at most 4000/,
  ],
  ["repetitions", "a{1000}".repeat(9), "a{1000}".repeat(11), /more than 10000 parts/],
  ["long repetitions", "(?:aaaa){1000}", "(?:aaaaaaaaaaa){1000}", /more than 10000 parts/],
  [
    "nested repetitions",
    "(?:[a-z]{9}){90}",
    "(?:(?:\\pL[^a]..\\..{6}){10}){90,100}",
    /more than 10000/,
  ],
];
for (const [what, small, large, message] of LARGE) {
  test(`compilePattern() rejects too many ${what}`, () => {
    assert.equal(compilePattern(small)("b"), false);
    assert.throws(() => compilePattern(large), { name: "ParseError", message });
  });
}

test("hasLooseEnds() reads a pattern of any length", () => {
  for (const piece of ["[", "[:", "\\Q", "(", "{", "[[:alpha:]"]) {
    assert.equal(hasLooseEnds(piece.repeat(1_000_000)), false, piece);
  }
});

for (
  const [pattern, isLoose] of [
    ["a|b", true],
    ["(a|b)", false],
    ["(a)|b", true],
    ["a\\|b", false],
    ["[a|b]", false],
    ["[]|]x", false],
    ["[^]|]x|y", true],
    ["[\\]|]", false],
    ["[[:alpha:]|]", false],
    ["\\Qa|b\\E", false],
    ["\\Qa|b\\E|c", true],
    ["((a|b)|c)", false],
    ["\\p{Greek}|a", true],
    ["[[:^alpha:]|]{2}", false],
    ["\\[|a", true],
  ] as const
) {
  test(`hasLooseEnds() ${pattern} is ${isLoose}`, () => {
    assert.equal(hasLooseEnds(pattern), isLoose);
  });
}

for (
  const [pattern, literal] of [
    ["latest", "latest"],
    ["v1\\.2", "v1.2"],
    ["a_b-c", "a_b-c"],
    ["library/alpine", "library/alpine"],
    ["1.2", undefined],
    ["a+", undefined],
    ["\\d", undefined],
    ["(?i)a", undefined],
    ["", undefined],
  ] as const
) {
  test(`literalOf() ${JSON.stringify(pattern)} is ${literal}`, () => {
    assert.equal(literalOf(pattern), literal);
    if (literal !== undefined) assert.equal(compilePattern(pattern)(literal), true);
  });
}
