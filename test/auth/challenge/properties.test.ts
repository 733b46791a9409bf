import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseChallenges } from "../../../src/auth/challenge.ts";
import { repeated, textOf } from "../../support/property.ts";

const PIECES = [
  "Bearer",
  "Basic",
  "Negotiate",
  "realm",
  "scope",
  "__proto__",
  "=",
  ",",
  " ",
  "\t",
  '"',
  "\\",
  "abc==",
  "https://auth.example/token",
];

test("parseChallenges() reads any header, and returns names in lower case", () => {
  fc.assert(
    fc.property(fc.oneof(textOf(...PIECES), repeated(20_000, ...PIECES)), (header) => {
      for (const { scheme, parameters, token68 } of parseChallenges(header)) {
        assert.match(scheme, /^[^\sA-Z"=,]+$/);
        for (const name of Object.keys(parameters)) assert.match(name, /^[^\sA-Z"=,]+$/);
        assert.ok(token68 === undefined || /^[\w.~+/-]*=*$/.test(token68), token68);
      }
    }),
    { numRuns: 1000 },
  );
});

const names = fc.stringMatching(/^[a-z][a-z0-9_-]{0,9}$/);
/** HTTP allows no control characters in a header. */
const values = fc.string({ maxLength: 20 }).filter((text) => /^[\x20-\x7e]*$/.test(text));
const parameters = fc.uniqueArray(fc.tuple(names, values), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 5,
});
const challenges = fc.array(
  fc.record({ scheme: fc.constantFrom("bearer", "basic", "digest"), parameters }),
  { maxLength: 4 },
);

test("parseChallenges() returns the challenges that a header was written from", () => {
  fc.assert(
    fc.property(challenges, fc.constantFrom(", ", ",", " ,  "), (offered, separator) => {
      const header = offered.map(({ scheme, parameters }) => {
        const written = parameters.map(([name, value]) =>
          `${name}="${value.replace(/["\\]/g, "\\$&")}"`
        );
        return `${scheme} ${written.join(separator)}`;
      }).join(separator);
      assert.deepEqual(
        parseChallenges(header),
        offered.map(({ scheme, parameters }) => ({
          scheme,
          parameters: Object.fromEntries(parameters),
        })),
      );
    }),
    { numRuns: 1000 },
  );
});
