import assert from "node:assert/strict";
import { test } from "node:test";
import { CopyFailure } from "../../src/durable/copy_failure.ts";
import { CrossdockError } from "../../src/errors.ts";
import { toRunRecord, toSummary } from "../../src/history/run_record.ts";
import { toProblem } from "../../src/problem.ts";
import type { TagReport } from "../../src/sync/model.ts";
import { REPORT } from "../../build/api/examples.ts";
import { ruleReport, STARTED } from "./setup.ts";

function tagOf(i: number, result: TagReport["result"]): TagReport {
  return { source: `a.example/app:${i}`, destination: `b.example/app:${i}`, result };
}

function failedTag(i: number): TagReport {
  return {
    ...tagOf(i, "failed"),
    error: { code: "network", message: "connection refused", side: "source", hint: "try again" },
  };
}

test("toRunRecord() keeps the reports of tags as they are, with cause and hint", () => {
  const failed = failedTag(1);
  // A member of a newer version, and markup in a name.
  const copied = { ...tagOf(2, "copied"), report: REPORT, "newer": "<b>&amp;</b>" } as TagReport;
  const report = ruleReport([copied, failed], { result: "some-failed", warnings: ["a warning"] });
  const run = toRunRecord(STARTED, { report }, 1500);
  assert.deepEqual(run.tags, [failed, copied]);
  assert.deepEqual(run.warnings, ["a warning"]);
  assert.equal(run.state, "some-failed");
  assert.equal(run.durationMs, 500);
  assert.deepEqual(run.counts, { copied: 1, failed: 1 });
  assert.equal(run.bytesStreamed, REPORT.bytesStreamed);
  assert.equal(run.failure, "connection refused");
  assert.equal(run.truncated, false);
});

test("toRunRecord() limits a run of 100 000 tags: all are counted, failures come first", () => {
  const tags = Array.from(
    { length: 100_000 },
    (_, i) => i % 1000 === 999 ? failedTag(i) : tagOf(i, i % 10 === 0 ? "copied" : "unchanged"),
  );
  const run = toRunRecord(STARTED, { report: ruleReport(tags, { result: "some-failed" }) }, 1500);
  assert.deepEqual(run.counts, { copied: 10_000, unchanged: 89_900, failed: 100 });
  assert.equal(run.truncated, true);
  const results = run.tags.map(({ result }) => result);
  assert.equal(results.filter((result) => result === "failed").length, 100);
  assert.equal(results.lastIndexOf("failed"), 99);
  assert.ok(results.indexOf("unchanged") > results.lastIndexOf("copied"));
  assert.ok(JSON.stringify(run).length < 128 * 1024);
});

test("toRunRecord() of a run without changes is small", () => {
  const tags = Array.from({ length: 5000 }, (_, i) => tagOf(i, "unchanged"));
  const run = toRunRecord(STARTED, { report: ruleReport(tags) }, 1500);
  assert.ok(JSON.stringify(run).length < 10 * 1024);
  assert.deepEqual(run.counts, { unchanged: 5000 });
});

test("toRunRecord() leaves out a failure that is too long, and counts it", () => {
  const long = { ...failedTag(1), destination: "x".repeat(100_000) };
  const run = toRunRecord(STARTED, { report: ruleReport([long, failedTag(2)]) }, 1500);
  assert.deepEqual(run.tags, [failedTag(2)]);
  assert.deepEqual(run.counts, { failed: 2 });
  assert.equal(run.truncated, true);
});

test("toRunRecord() records why a run ended without a report", () => {
  const refused = new CrossdockError("network", `refused ${"x".repeat(300)}`, { hint: "wait" });
  const failed = toRunRecord(STARTED, { error: refused }, 1500);
  assert.equal(failed.state, "failed");
  assert.equal(failed.problem?.hint, "wait");
  assert.equal(failed.failure?.length, 201);
  const abort = new DOMException("stopped", "AbortError");
  assert.equal(toRunRecord(STARTED, { error: abort }, 1500).state, "aborted");
  // A Workflow's failure has the problem of the request that failed.
  const durable = toRunRecord(STARTED, { error: new CopyFailure(toProblem(refused)) }, 1500);
  assert.equal(durable.problem?.code, "network");
});

test("toRunRecord() does not record the message of an unexpected error", () => {
  const run = toRunRecord(STARTED, { error: new Error("https://user:secret@a.example") }, 1500);
  assert.ok(!JSON.stringify(run).includes("secret"));
  assert.equal(run.problem?.code, "internal");
});

test("toRunRecord() has no negative duration if the clock was set back", () => {
  assert.equal(toRunRecord(STARTED, { report: ruleReport() }, 10).durationMs, 0);
});

test("toRunRecord() records a copy as its only tag", () => {
  const { rule: _, ...started } = STARTED;
  const [source, destination] = ["a.example/app:1", "b.example/app:1"];
  const run = toRunRecord({ ...started, source, destination }, { report: REPORT }, 1500);
  assert.equal(run.state, "ok");
  assert.deepEqual(run.counts, { copied: 1 });
  assert.equal(run.tags[0]?.destination, destination);
  assert.equal(run.tags[0]?.report?.digest, REPORT.digest);
});

test("toSummary() has no details", () => {
  const run = toRunRecord(STARTED, { report: ruleReport([failedTag(1)]) }, 1500);
  const summary = toSummary(run);
  for (const name of ["tags", "pruned", "warnings", "request", "problem", "truncated"]) {
    assert.ok(!(name in summary), name);
  }
  assert.equal(summary.failure, "connection refused");
});
