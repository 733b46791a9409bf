import assert from "node:assert/strict";
import { test } from "node:test";
import { readTable, TABLES } from "./doc_tables.ts";

for (const table of TABLES) {
  test(`${table.file} has the table "${table.name}" that doc_tables.ts writes`, () => {
    assert.deepEqual(readTable(table), table.rows);
  });
}
