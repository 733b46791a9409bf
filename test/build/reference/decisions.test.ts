import assert from "node:assert/strict";
import { test } from "node:test";
import { listDecisions } from "../../../build/reference/decisions.ts";

test("listDecisions() lists records with the number of their file", () => {
  const decisions = listDecisions();
  assert.ok(decisions.length > 30);
  assert.deepEqual(
    decisions.map(({ number }) => number),
    decisions.map(({ file }) => Number(file.slice(0, 4))),
  );
});

test("listDecisions() reads a status that names a later record", () => {
  const status = listDecisions().find(({ number }) => number === 14)?.status;
  assert.match(status ?? "", /^partly superseded by \[ADR 26\]\(0026-public-api\.md\)/);
});
