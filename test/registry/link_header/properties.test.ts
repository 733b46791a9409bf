import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CrossdockError } from "../../../src/errors.ts";
import { nextLink } from "../../../src/registry/link_header.ts";
import { repeated, textOf } from "../../support/property.ts";

const BASE = new URL("https://registry.example:5000/v2/team/app/tags/list?n=100");
const PIECES = [
  "<",
  ">",
  ";",
  ",",
  "=",
  '"',
  " ",
  "rel",
  "next",
  'rel="next"',
  "/v2/a?last=b",
  "//other.example/x",
  "https://other.example/",
  "http://[",
  "javascript:",
  "?",
  "#",
  "..",
];

test("nextLink() returns a URL of the same origin, or throws an error about the list", () => {
  let found = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        textOf(...PIECES),
        repeated(20_000, ...PIECES),
        textOf(...PIECES).map((target) => `<${target}>; rel="next"`),
      ),
      (header) => {
        try {
          const url = nextLink(header, BASE);
          if (url === undefined) return;
          found++;
          assert.equal(url.origin, BASE.origin);
          assert.notEqual(url.href, BASE.href);
        } catch (error) {
          if (!(error instanceof CrossdockError)) throw error;
          assert.equal(error.code, "registry");
        }
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(found > 100, `${found} links`);
});

test("nextLink() returns the path and the query that a header was written from", () => {
  fc.assert(
    fc.property(
      fc.webPath(),
      fc.webQueryParameters(),
      fc.constantFrom("", "https://internal.example", "http://10.0.0.1:80"),
      fc.constantFrom('rel="next"', "rel=next", 'title="a, b"; rel="prev next"', "REL='next'"),
      (path, query, origin, relation) => {
        const target = `/v2${path}?n=1&${query}`;
        const url = nextLink(`<${origin}${target}>; ${relation}`, BASE);
        assert.equal(url?.href, new URL(target, BASE).href);
      },
    ),
    { numRuns: 1000 },
  );
});
