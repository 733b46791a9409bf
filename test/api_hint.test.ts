import assert from "node:assert/strict";
import { test } from "node:test";
import { SilenceError } from "../src/errors.ts";
import { toApiHint } from "../src/problem.ts";

const HINTS: { hint: string; said: string | undefined }[] = [
  { hint: "check the name", said: "check the name" },
  {
    hint: "the tag was not moved; use --if-exists overwrite to move it",
    said: 'the tag was not moved; use "ifExists": "overwrite" to move it',
  },
  {
    hint: "use --index rebuild to write a new index, or --index sparse to keep the index",
    said: 'use "index": "rebuild" to write a new index, or "index": "sparse" to keep the index',
  },
  {
    hint: "select platforms that exist with --platform",
    said: 'select platforms that exist with "platforms"',
  },
  {
    hint: "it seems to speak plain HTTP; use --src-tls off or --dest-tls off if that is meant",
    said: "it seems to speak plain HTTP; add the registry to CROSSDOCK_PLAIN_HTTP if that is meant",
  },
  { hint: "pass its CA with --src-ca or --dest-ca", said: undefined },
];

for (const { hint, said } of HINTS) {
  test(`toApiHint() of "${hint}"`, () => {
    assert.equal(toApiHint(hint), said);
  });
}

test("toApiHint() names the variable for a longer silence", () => {
  const { hint } = new SilenceError("wait", 1000);
  assert.match(String(toApiHint(hint)), /CROSSDOCK_TIMEOUT_MS$/);
});

test("toApiHint() has nothing to say of nothing", () => {
  assert.equal(toApiHint(undefined), undefined);
});
