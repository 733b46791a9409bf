import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatScope, parseScopes } from "../../../src/auth/scope.ts";
import { textOf } from "../../support/property.ts";

const actions = fc.array(fc.constantFrom("pull", "push", "delete", "*", "other", ""), {
  maxLength: 3,
});
const words = fc.oneof(
  textOf("repository:", "registry:", "team/app", ":", ",", " ", "pull", "*"),
  fc.tuple(fc.constantFrom("repository", "registry", ""), textOf("[::1]:5000/a", "a"), actions)
    .map(([type, name, actions]) => `${type}:${name}:${actions.join(",")}`),
);

test("parseScopes() reads any text, and returns what formatScope() writes", () => {
  let parsed = 0;
  fc.assert(
    fc.property(
      fc.array(words, { maxLength: 5 }).map((all) => all.join(" ")),
      (text) => {
        const scopes = parseScopes(text);
        parsed += scopes.length;
        const written = scopes.map(formatScope);
        assert.deepEqual(parseScopes(written.join(" ")).map(formatScope), written);
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(parsed > 100, `${parsed} scopes`);
});
