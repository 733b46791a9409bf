import assert from "node:assert/strict";
import { test } from "node:test";
import { toSyncProblem } from "../../src/server/sync_problem.ts";
import type { RuleReport, SyncFailure, SyncReport, TagReport } from "../../src/sync/model.ts";

const NOW = 1_000_000;

function toTag(number: number, error?: SyncFailure): TagReport {
  return {
    source: `a.io/app:${number}`,
    destination: `b.io/app:${number}`,
    result: error ? "failed" : "copied",
    ...(error ? { error } : {}),
  };
}

function toReport(
  result: SyncReport["result"],
  rule: Partial<RuleReport> = {},
): SyncReport {
  const rest = { requests: { source: 0, destination: 0 }, durationMs: 1, warnings: [] };
  return {
    result,
    rules: [{ rule: "app", result, tags: [], pruned: [], ...rest, ...rule }],
    durationMs: 1,
  };
}

test("toSyncProblem() gives none for a run without failures", () => {
  assert.equal(toSyncProblem(toReport("ok", { tags: [toTag(1)] }), NOW), undefined);
});

test("toSyncProblem() has the status of failures with the same code, and the report", () => {
  const denied: SyncFailure = {
    code: "denied",
    message: "put manifest: 403",
    side: "destination",
    hint: "check it",
  };
  const report = toReport("some-failed", { tags: [toTag(1), toTag(2, denied), toTag(3, denied)] });
  const problem = toSyncProblem(report, NOW);
  assert.equal(problem?.status, 403);
  assert.equal(problem.code, "denied");
  assert.equal(
    problem.detail,
    "2 of 3 images failed; the first is b.io/app:2: put manifest: 403",
  );
  assert.deepEqual([problem.side, problem.hint], ["destination", "check it"]);
  assert.equal(problem.report, report);
});

test("toSyncProblem() has the status 502 for failures with different codes", () => {
  const tags = [
    toTag(1, { code: "timeout", message: "no data" }),
    toTag(2, { code: "denied", message: "no" }),
  ];
  const problem = toSyncProblem(toReport("all-failed", { tags }), NOW);
  assert.deepEqual([problem?.status, problem?.code], [502, "registry"]);
});

test("toSyncProblem() counts tags that could not be deleted", () => {
  const pruned = [{
    destination: "b.io/app:old",
    result: "failed",
    error: { code: "unsupported", message: "delete: 405" },
  }] as const;
  const problem = toSyncProblem(toReport("some-failed", { tags: [toTag(1)], pruned }), NOW);
  assert.equal(problem?.status, 422);
  assert.equal(
    problem.detail,
    "1 of 2 images failed; the first is b.io/app:old: delete: 405",
  );
});

test("toSyncProblem() tells when to run postponed rules again", () => {
  const problem = toSyncProblem(toReport("postponed", { postponedUntil: NOW + 5000 }), NOW);
  assert.deepEqual([problem?.status, problem?.retryAfterMs], [429, 5000]);
});
