import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleNames } from "../../src/server/allow_list.ts";
import { ruleOf } from "../sync/setup.ts";

test("ruleNames() has what rules read and write, repositories of referrers among them", () => {
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
