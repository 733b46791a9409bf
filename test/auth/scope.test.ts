import { test } from "node:test";
import assert from "node:assert/strict";
import { CATALOG, formatScope, mergeScopes, parseScopes } from "../../src/auth/scope.ts";
import type { Scope } from "../../src/auth/scope.ts";

test("formatScope() sorts actions and drops doubles", () => {
  const scope: Scope = { repository: "library/alpine", actions: ["push", "pull", "push"] };
  assert.equal(formatScope(scope), "repository:library/alpine:pull,push");
  assert.equal(formatScope({ repository: "a", actions: ["*"] }), "repository:a:*");
  assert.equal(formatScope(CATALOG), "registry:catalog:*");
});

const rows: [behaviour: string, text: string, want: Scope[]][] = [
  ["reads one scope", "repository:a/b:pull,push", [{
    repository: "a/b",
    actions: ["pull", "push"],
  }]],
  ["reads several", "repository:a:pull  repository:b:delete,*", [
    { repository: "a", actions: ["pull"] },
    { repository: "b", actions: ["delete", "*"] },
  ]],
  ["takes the actions after the last colon", "repository:host:5000/a:pull", [
    { repository: "host:5000/a", actions: ["pull"] },
  ]],
  ["leaves out other types", "registry:catalog:* repository:a:pull aws", [
    { repository: "a", actions: ["pull"] },
  ]],
  ["leaves out actions that are not known", "repository:a:pull,metadata_read", [
    { repository: "a", actions: ["pull"] },
  ]],
  ["leaves out a scope without actions", "repository:a: repository:a repository::pull", []],
  ["gives nothing for nothing", "", []],
];

for (const [behaviour, text, want] of rows) {
  test(`parseScopes() ${behaviour}`, () => {
    assert.deepEqual(parseScopes(text), want);
  });
}

test("parseScopes() reads what formatScope() writes", () => {
  const scope: Scope = { repository: "host:5000/a", actions: ["*", "delete", "pull", "push"] };
  assert.deepEqual(parseScopes(formatScope(scope)), [scope]);
});

test("mergeScopes() joins the same repository and sorts", () => {
  const merged = mergeScopes(
    [{ repository: "b", actions: ["push"] }, { repository: "a", actions: ["pull"] }],
    [{ repository: "b", actions: ["pull", "push"] }],
  );
  assert.deepEqual(merged, [
    { repository: "a", actions: ["pull"] },
    { repository: "b", actions: ["pull", "push"] },
  ]);
});

test("mergeScopes() gives the same for every order", () => {
  const a: Scope[] = [{ repository: "x", actions: ["push", "pull"] }];
  const b: Scope[] = [{ repository: "w", actions: ["pull"] }, { repository: "x", actions: ["*"] }];
  assert.deepEqual(mergeScopes(a, b), mergeScopes([...b].reverse(), a));
  assert.deepEqual(mergeScopes(mergeScopes(a, b), a), mergeScopes(a, b));
});

test("mergeScopes() leaves its arguments as they were", () => {
  const a: Scope[] = [{ repository: "x", actions: ["push", "pull"] }];
  mergeScopes(a, [{ repository: "x", actions: ["delete"] }]);
  assert.deepEqual(a, [{ repository: "x", actions: ["push", "pull"] }]);
});

test("mergeScopes() keeps the catalog apart from a repository of that name", () => {
  const repository: Scope = { repository: "catalog", actions: ["pull"] };
  assert.deepEqual(mergeScopes([CATALOG, repository], [CATALOG]), [repository, CATALOG]);
});
