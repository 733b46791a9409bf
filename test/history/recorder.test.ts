import assert from "node:assert/strict";
import { test } from "node:test";
import { CrossdockError } from "../../src/errors.ts";
import { MemoryHistory } from "../../src/history/memory_history.ts";
import type { RunHistory, RunRecord } from "../../src/history/model.ts";
import { createRecorder, toSyncRequest } from "../../src/history/recorder.ts";
import { ruleReport } from "./setup.ts";

const ABOUT = { by: "call", token: "ci", rule: "app", request: { rules: ["app"] } } as const;

function open(
  history: RunHistory | undefined,
): ReturnType<typeof createRecorder> & { readonly lines: string[]; settle(): Promise<unknown> } {
  const lines: string[] = [];
  const jobs: Promise<unknown>[] = [];
  const recorder = createRecorder({
    history,
    now: () => 1000,
    log: (level, message) => void lines.push(`${level} ${message}`),
    background: (job) => void jobs.push(job),
  });
  return { ...recorder, lines, settle: () => Promise.all(jobs) };
}

test("createRecorder() records the cause and the result of a run", async () => {
  const history = new MemoryHistory();
  const { record, settle } = open(history);
  const report = ruleReport();
  const result = await record(ABOUT, async (postpone) => {
    postpone(5000);
    const { runs: [run] } = await history.list({ limit: 1 });
    assert.equal(run?.state, "running");
    assert.equal(run?.postponedUntil, 5000);
    return report;
  });
  assert.equal(result, report);
  await settle();
  const { runs: [run] } = await history.list({ limit: 1 });
  assert.equal(run?.state, "ok");
  assert.equal(run?.token, "ci");
  assert.equal(run?.startedAt, 1000);
});

test("createRecorder() records a failed run and throws its error", async () => {
  const history = new MemoryHistory();
  const { record, settle } = open(history);
  const error = new CrossdockError("network", "connection refused", { hint: "wait" });
  await assert.rejects(record(ABOUT, () => Promise.reject(error)), error);
  await settle();
  const { runs: [run] } = await history.list({ limit: 1 });
  assert.equal(run?.failure, "connection refused");
});

test("createRecorder() never fails a run because its history fails", async () => {
  const history: RunHistory = {
    ...new MemoryHistory(),
    status: { kept: "file", note: "" },
    begin: () => "0mfizhs9c-5f3a9c1e",
    save(_run: RunRecord): void {
      throw new Error("no space left on device");
    },
    list: () => assert.fail(),
    get: () => assert.fail(),
  };
  const { record, settle, lines } = open(history);
  const report = ruleReport();
  assert.equal(await record(ABOUT, () => Promise.resolve(report)), report);
  await settle();
  assert.deepEqual(lines, ["warn run not recorded"]);
});

test("createRecorder() runs without a history", async () => {
  const { record, save } = open(undefined);
  const report = ruleReport();
  assert.equal(await record(ABOUT, () => Promise.resolve(report)), report);
  assert.equal(save, undefined);
});

test("toSyncRequest() makes the body that repeats a run", () => {
  const body = toSyncRequest({ rule: "app", only: "a.example/app:1", missing: undefined });
  assert.equal(JSON.stringify(body), '{"rules":["app"],"only":"a.example/app:1"}');
});
