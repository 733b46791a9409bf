import assert from "node:assert/strict";
import { test } from "node:test";
import { startDemoServer } from "../../examples/demo_server.ts";
import type { RunList } from "../../src/history/model.ts";
import type { SyncStatus } from "../../src/sync/model.ts";

test("startDemoServer() has a rule in each state, and runs of each cause", async () => {
  await using demo = await startDemoServer();
  const headers = { authorization: `Bearer ${demo.token}` };
  const { rules }: SyncStatus = await (await fetch(`${demo.url}/v1/syncs`, { headers })).json();
  const { runs }: RunList = await (await fetch(`${demo.url}/v1/runs?limit=100`, { headers }))
    .json();
  const states = new Set(rules.flatMap(({ tags }) => tags.map(({ state }) => state)));
  const codes = new Set(rules.flatMap(({ tags }) => tags.map(({ error }) => error?.code)));
  assert.deepEqual([...states].sort(), ["behind", "error", "in-step", "incomplete", "missing"]);
  assert.ok(codes.has("rate_limited") && codes.has("unauthorized"), `${[...codes]}`);
  assert.ok(rules.some(({ pruned = [] }) => pruned.length > 0), "surplus tags");
  assert.deepEqual([...new Set(runs.map(({ by }) => by))].sort(), [
    "call",
    "hook",
    "schedule",
    "start",
  ]);
  assert.deepEqual(
    new Set(runs.map(({ state }) => state)),
    new Set(["ok", "all-failed", "postponed"]),
  );
  assert.ok(rules.some(({ rule }) => runs.every((run) => run.rule !== rule)), "one never ran");
});
