import assert from "node:assert/strict";
import { test } from "node:test";
import { readTables, TABLES } from "./doc_tables.ts";

for (const [name, rows] of Object.entries(TABLES)) {
  test(`docs/cli.md lists the ${name} of other tools; doc_tables.ts writes them`, () => {
    assert.deepEqual(readTables()[name], rows);
  });
}
