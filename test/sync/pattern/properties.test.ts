import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compilePattern, hasLooseEnds, literalOf } from "../../../src/sync/pattern.ts";
import { repeated, textOf, tryParse } from "../../support/property.ts";

const PIECES = [
  ..."ab1.*+?|()[]{}^$\\-",
  "(?:",
  "(?i)",
  "[[:alpha:]]",
  "[^",
  "{2,}",
  "{1000}",
  "\\d",
  "\\pL",
  "\\Q",
  "\\E",
  "(?P<x>",
];

test("compilePattern() compiles any text or throws a ParseError, and then matches any tag", () => {
  let compiled = 0;
  fc.assert(
    fc.property(
      fc.oneof(textOf(...PIECES), repeated(2000, ...PIECES)),
      fc.stringMatching(/^[a-z0-9.-]{0,128}$/),
      (pattern, tag) => {
        const matches = tryParse(() => compilePattern(pattern));
        assert.equal(typeof hasLooseEnds(pattern), "boolean");
        if (matches === undefined) return;
        compiled++;
        assert.equal(typeof matches(tag), "boolean");
      },
    ),
    { numRuns: 500 },
  );
  assert.ok(compiled > 20, `${compiled} patterns`);
});

test("literalOf() returns the only text that a pattern matches", () => {
  let literals = 0;
  fc.assert(
    fc.property(textOf("a", "1", "-", "_", ".", "\\.", "\\-", "/"), (pattern) => {
      const literal = literalOf(pattern);
      if (literal === undefined) return;
      literals++;
      const matches = compilePattern(pattern);
      assert.ok(matches(literal));
      assert.ok(!matches(`${literal}a`) && !matches(`a${literal}`) && !matches(literal.slice(1)));
    }),
    { numRuns: 1000 },
  );
  assert.ok(literals > 20, `${literals} literals`);
});
