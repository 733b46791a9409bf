import assert from "node:assert/strict";
import { test } from "node:test";
import { makeRunId, RUN_ID, timeOfRun } from "../../src/history/run_id.ts";

test("makeRunId() makes ids in the order of their times, until the year 5188", () => {
  const times = [0, 1, 35, 36, Date.now(), Date.now() + 1, 36 ** 8, 36 ** 9 - 1];
  const ids = times.map((time) => makeRunId(time));
  assert.deepEqual([...ids].sort(), ids);
  assert.deepEqual(ids.map(timeOfRun), times);
  for (const id of ids) assert.match(id, RUN_ID);
  assert.notEqual(makeRunId(1), makeRunId(1));
  assert.equal(makeRunId(1, "0123abcd"), "000000001-0123abcd");
});
