import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryHistory } from "../../src/history/memory_history.ts";
import type { RunRecord } from "../../src/history/model.ts";
import type { PullsLeft } from "../../src/registry/pulls_left.ts";
import { listRules } from "../../src/rules/rule_list.ts";
import { recordOf, STARTED } from "../history/setup.ts";
import { ruleOf } from "../sync/setup.ts";

const NOW = Date.UTC(2026, 0, 1, 12);
const HOUR_MS = 60 * 60 * 1000;
const noPulls = (): undefined => undefined;

function addRun(history: MemoryHistory, more: Partial<RunRecord>): void {
  const { id: _, ...started } = STARTED;
  history.save({ ...recordOf(), ...more, id: history.begin({ ...started, ...more }) });
}

test("listRules() has the next time of each schedule in the rule's time zone", async () => {
  const rules = [
    ruleOf(
      '{name: a, type: repository, source: a.io/app, target: b.io/app, schedule: "CRON_TZ=Europe/Berlin 0 6 * * *"}',
    ),
    ruleOf("{name: b, type: repository, source: a.io/app, target: b.io/app, interval: 60m}"),
    ruleOf("{name: c, type: repository, source: a.io/app, target: b.io/app, prune: {}}"),
  ];
  const [a, b, c] = await listRules(rules, { now: NOW, history: undefined, pullsLeft: noPulls });
  assert.deepEqual(a?.schedule, { cron: "0 6 * * *", timeZone: "Europe/Berlin" });
  assert.equal(a?.next, Date.UTC(2026, 0, 2, 5));
  assert.deepEqual(b?.schedule, { everyMs: HOUR_MS });
  assert.equal(b?.next, NOW + HOUR_MS);
  assert.equal(c?.schedule, undefined);
  assert.equal(c?.next, undefined);
  assert.deepEqual([a?.prune, c?.prune], [false, true]);
});

test("listRules() names the host's time zone for a schedule without one", async () => {
  const rule = ruleOf(
    '{name: a, type: repository, source: a.io/app, target: b.io/app, schedule: "@daily"}',
  );
  const [info] = await listRules([rule], { now: NOW, history: undefined, pullsLeft: noPulls });
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  assert.deepEqual(info?.schedule, { cron: "@daily", timeZone });
});

test("listRules() has the last run of the whole rule, and a newer one of a part", async () => {
  const rule = ruleOf("{name: app, type: repository, source: a.io/app, target: b.io/app}");
  const history = new MemoryHistory();
  const options = { now: NOW, history, pullsLeft: noPulls };
  addRun(history, { only: "a.io/app:1" });
  assert.equal((await listRules([rule], options))[0]?.last, undefined);
  addRun(history, { state: "all-failed", failure: "connection refused" });
  addRun(history, { rule: "other" });
  const [before] = await listRules([rule], options);
  assert.equal(before?.last?.failure, "connection refused");
  assert.equal(before?.lastPart, undefined);
  addRun(history, { only: "a.io/app:2" });
  const [after] = await listRules([rule], options);
  assert.equal(after?.last?.state, "all-failed");
  assert.equal(after?.lastPart?.only, "a.io/app:2");
});

test("listRules() has a newer run that was aborted beside the last run", async () => {
  const rule = ruleOf("{name: app, type: repository, source: a.io/app, target: b.io/app}");
  const history = new MemoryHistory();
  const options = { now: NOW, history, pullsLeft: noPulls };
  addRun(history, { state: "aborted", failure: "the client disconnected" });
  const [only] = await listRules([rule], options);
  assert.deepEqual([only?.last, only?.aborted?.state], [undefined, "aborted"]);
  addRun(history, { state: "all-failed", failure: "connection refused" });
  assert.equal((await listRules([rule], options))[0]?.aborted, undefined);
  addRun(history, { state: "aborted" });
  const [info] = await listRules([rule], options);
  assert.equal(info?.last?.failure, "connection refused");
  assert.equal(info?.lastPart, undefined);
  assert.equal(info?.aborted?.state, "aborted");
});

test("listRules() has the last result also while the rule is running", async () => {
  const rule = ruleOf("{name: app, type: repository, source: a.io/app, target: b.io/app}");
  const history = new MemoryHistory();
  addRun(history, { state: "all-failed" });
  const { id: _, ...started } = STARTED;
  const id = history.begin(started);
  history.postpone(id, NOW + 1);
  const [info] = await listRules([rule], { now: NOW, history, pullsLeft: noPulls });
  assert.equal(info?.running?.id, id);
  assert.equal(info?.last?.state, "all-failed");
  assert.equal(info?.postponedUntil, NOW + 1);
});

test("listRules() has the time until which a rule is postponed, until it has passed", async () => {
  const rule = ruleOf("{name: app, type: repository, source: a.io/app, target: b.io/app}");
  const history = new MemoryHistory();
  addRun(history, { state: "postponed", postponedUntil: NOW + 1 });
  const [info] = await listRules([rule], { now: NOW, history, pullsLeft: noPulls });
  assert.equal(info?.postponedUntil, NOW + 1);
  const [later] = await listRules([rule], { now: NOW + 1, history, pullsLeft: noPulls });
  assert.equal(later?.postponedUntil, undefined);
});

test("listRules() has the pulls that remain at the registry of each source", async () => {
  const pulls = { remaining: 76, limit: 100, windowSeconds: 21_600, at: NOW };
  const asked: string[] = [];
  const rules = [
    ruleOf("{name: a, type: image, source: 'alpine:3', target: 'b.io/alpine:3'}"),
    ruleOf("{name: b, type: registry, source: a.io, target: b.io}"),
  ];
  const infos = await listRules(rules, {
    now: NOW,
    history: undefined,
    pullsLeft(registry): PullsLeft | undefined {
      asked.push(registry);
      return registry === "docker.io" ? pulls : undefined;
    },
  });
  assert.deepEqual(asked, ["docker.io", "a.io"]);
  assert.deepEqual(infos.map((info) => info.pulls), [pulls, undefined]);
});
