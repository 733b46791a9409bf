import assert from "node:assert/strict";
import { test } from "node:test";
import { createMatcher, ruleNames } from "../../src/server/allow_list.ts";
import { ruleOf } from "../sync/setup.ts";

const MATCHES: [glob: string, name: string, matches: boolean][] = [
  ["docker.io/library/*", "docker.io/library/alpine", true],
  ["docker.io/library/*", "docker.io/library/a/b", false],
  ["docker.io/library/*", "docker.io/other/alpine", false],
  ["docker.io/**", "docker.io/library/alpine", true],
  ["**", "docker.io/library/alpine", true],
  ["ghcr.io/org/app", "ghcr.io/org/app", true],
  ["ghcr.io/org/app", "ghcr.io/org/app2", false],
  ["ghcr.io/org/app", "xghcr.io/org/app", false],
  ["ghcr.io/org/app", "ghcrXio/org/app", false],
  ["*.example.com/**", "a.example.com/x", true],
  ["*.example.com/**", "a.example.com.evil.io/x", false],
  ["127.0.0.1:5000/**", "127.0.0.1:5000/a", true],
  ["127.0.0.1:5000/**", "127.0.0.1:5001/a", false],
  ["[::1]:5000/**", "[::1]:5000/a", true],
  ["[::1]:5000/**", ":/a", false],
  ["!docker.io/**", "ghcr.io/a", false],
  ["ghcr.io/{a,b}/*", "ghcr.io/b/x", true],
];

for (const [glob, name, matches] of MATCHES) {
  test(`createMatcher() of ${glob} ${matches ? "matches" : "does not match"} ${name}`, () => {
    assert.equal(createMatcher([glob])(name), matches);
  });
}

test("createMatcher() of no glob matches nothing", () => {
  assert.equal(createMatcher([])("docker.io/library/alpine"), false);
});

test("ruleNames() lists what rules read and write, including repositories of referrers", () => {
  const rules = [
    ruleOf("{type: image, source: alpine:3.20, target: b.example/alpine:1}"),
    ruleOf(
      "{type: registry, source: a.example, targets: [b.example/a, c.example], referrers: true, " +
        "referrerSource: d.example/signed, referrerTarget: e.example/kept}",
    ),
  ];
  assert.deepEqual(ruleNames(rules), {
    sources: ["docker.io/library/alpine", "a.example/**", "d.example/signed"],
    destinations: ["b.example/alpine", "b.example/a/**", "c.example/**", "e.example/kept"],
  });
});
