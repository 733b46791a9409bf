import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryHistory } from "../../src/history/memory_history.ts";
import type { RunRecord } from "../../src/history/model.ts";
import { recordOf, STARTED } from "./setup.ts";

/** Begins and ends a run. */
function addRun(history: MemoryHistory, more: Partial<RunRecord> = {}): string {
  const { id: _, ...started } = STARTED;
  const id = history.begin({ ...started, ...more });
  history.save({ ...recordOf(), ...more, id });
  return id;
}

async function listIds(
  history: MemoryHistory,
  query: Partial<Parameters<MemoryHistory["list"]>[0]> = {},
): Promise<string[]> {
  return (await history.list({ limit: 200, ...query })).runs.map(({ id }) => id);
}

test("MemoryHistory lists runs newest first, page by page", async () => {
  const history = new MemoryHistory();
  const ids = [1, 2, 3, 4, 5].map((i) => addRun(history, { startedAt: i * 1000 })).reverse();
  const first = await history.list({ limit: 2 });
  assert.deepEqual(first.runs.map(({ id }) => id), ids.slice(0, 2));
  // A run that starts between two pages moves no page.
  addRun(history, { startedAt: 9000 });
  const second = await history.list({ limit: 2, cursor: first.next });
  assert.deepEqual(second.runs.map(({ id }) => id), ids.slice(2, 4));
  const third = await history.list({ limit: 2, cursor: second.next });
  assert.deepEqual(third.runs.map(({ id }) => id), ids.slice(4));
  assert.equal(third.next, undefined);
});

test("MemoryHistory filters by rule and state before it cuts pages", async () => {
  const history = new MemoryHistory();
  const other = addRun(history, { rule: "other" });
  const failed = addRun(history, { state: "all-failed" });
  const copy = addRun(history, { rule: undefined, source: "a.example/app:1" });
  assert.deepEqual(await listIds(history, { rules: ["other"] }), [other]);
  assert.deepEqual(await listIds(history, { states: ["all-failed", "failed"] }), [failed]);
  assert.deepEqual(await listIds(history, { rules: ["app"], limit: 1 }), [failed]);
  assert.deepEqual(await listIds(history), [copy, failed, other]);
});

test("MemoryHistory rejects a cursor that it has not returned", () => {
  const history = new MemoryHistory();
  addRun(history);
  for (const cursor of ["", "x", "0mfizhs9c", "0mfizhs9c-5f3a9c1e ", "../../etc"]) {
    assert.throws(() => history.list({ limit: 1, cursor }), { name: "RequestError" }, cursor);
  }
});

test("MemoryHistory continues after a run that it has dropped", async () => {
  const history = new MemoryHistory({ maxRuns: 2 });
  const ids = [1, 2, 3, 4].map(() => addRun(history));
  assert.deepEqual(await listIds(history, { cursor: ids[1] }), []);
  assert.deepEqual(await listIds(history, { cursor: ids[3] }), [ids[2]]);
});

test("MemoryHistory drops the oldest runs beyond its number and bytes, but none that runs", async () => {
  const { id: _, ...started } = STARTED;
  const byCount = new MemoryHistory({ maxRuns: 3 });
  const running = byCount.begin(started);
  const ids = [1, 2, 3, 4, 5].map(() => addRun(byCount)).reverse();
  assert.deepEqual(await listIds(byCount), [...ids.slice(0, 2), running]);
  const byBytes = new MemoryHistory({ maxBytes: 300_000 });
  const warnings = ["x".repeat(50_000)];
  const long = [1, 2, 3, 4, 5].map(() => addRun(byBytes, { warnings })).reverse();
  assert.deepEqual(await listIds(byBytes), long.slice(0, 2));
});

test("MemoryHistory shows a run while it runs and waits", async () => {
  const { id: _, ...started } = STARTED;
  const history = new MemoryHistory();
  const id = history.begin(started);
  assert.equal((await history.get(id))?.state, "running");
  history.postpone(id, 99_000);
  const { runs: [run] } = await history.list({ limit: 1 });
  assert.equal(run?.state, "running");
  assert.equal(run?.postponedUntil, 99_000);
  assert.deepEqual((await history.get(id))?.request, started.request);
  history.save({ ...recordOf(), id });
  assert.deepEqual(await history.get(id), { ...JSON.parse(JSON.stringify(recordOf())), id });
  assert.deepEqual(await listIds(history), [id]);
  // A late report of a wait does not change a run that has ended.
  history.postpone(id, 100_000);
  assert.equal((await history.get(id))?.postponedUntil, undefined);
});

test("MemoryHistory keeps the order of starts if the clock is set back", async () => {
  const history = new MemoryHistory();
  const times = [5000, 5000, 1000, 6000];
  const ids = times.map((startedAt) => addRun(history, { startedAt })).reverse();
  assert.deepEqual(await listIds(history), ids);
  const { runs } = await history.list({ limit: 200 });
  assert.deepEqual(runs.map(({ startedAt }) => startedAt), [...times].reverse());
});

test("MemoryHistory continues after the runs of earlier processes, in any order", async () => {
  const runs = [3, 1, 2].map((i) => recordOf({ id: `00000000${i}-00000000` }));
  const history = new MemoryHistory({ runs: [...runs, ...runs] });
  const id = addRun(history, { startedAt: 0 });
  assert.deepEqual(
    await listIds(history),
    [id, ...[3, 2, 1].map((i) => `00000000${i}-00000000`)],
  );
});

test("MemoryHistory writes each run that has ended as one line", () => {
  const lines: string[] = [];
  const history = new MemoryHistory({ write: (line) => void lines.push(line) });
  const id = addRun(history, { warnings: ["two\nlines"] });
  assert.equal(lines.length, 1);
  assert.ok(!lines[0]?.includes("\n"));
  assert.equal(JSON.parse(lines[0] ?? "").id, id);
});
