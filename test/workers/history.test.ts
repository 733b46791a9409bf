/** The history of the Worker as it is deployed, in a KV namespace. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunList, RunRecord, RunState } from "../../src/history/model.ts";
import type { RuleList } from "../../src/rules/rule_list.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { startCrossdock } from "./support.ts";
import type { RunningWorker } from "./support.ts";
import { setTimeout as sleep } from "node:timers/promises";

interface Mirror extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly worker: RunningWorker;
}

async function startMirror(): Promise<Mirror> {
  await using started = new AsyncDisposableStack();
  const source = started.use(await startRegistry());
  const destination = started.use(await startRegistry());
  await putImage(source, "app", { tag: "1", layers: 1 });
  const worker = started.use(
    await startCrossdock({
      history: true,
      variables: {
        CROSSDOCK_RETRIES: "0",
        CROSSDOCK_CONFIG: `
sync:
- {name: apps, type: repository, source: "${source.host}/app", target: "${destination.host}/mirror/app"}
`,
      },
    }),
  );
  const kept = started.move();
  return { source, destination, worker, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Waits for a run of this state. */
async function reachRun(worker: RunningWorker, state: RunState): Promise<RunRecord> {
  for (let i = 0; i < 600; i++) {
    const list: RunList = (await worker.ask("GET", `/v1/runs?state=${state}`)).json;
    const [run] = list.runs;
    if (run) return (await worker.ask("GET", `/v1/runs/${run.id}`)).json;
    await sleep(50);
  }
  throw new Error(`waited in vain for a run that is ${state}`);
}

test("GET /v1/runs lists the run of a Workflow with the results of its tags", async () => {
  await using mirror = await startMirror();
  const { worker } = mirror;
  assert.equal((await worker.ask("POST", "/v1/syncs", {})).status, 202);
  const run = await reachRun(worker, "ok");
  assert.deepEqual([run.rule, run.by], ["apps", "workflow"]);
  assert.deepEqual(run.tags.map(({ result }) => result), ["started"]);
  assert.match(run.tags[0]?.id ?? "", /^[0-9a-f]{64}$/);
  assert.ok((run.requests?.source ?? 0) > 0);
  const { rules: [rule], history }: RuleList = (await worker.ask("GET", "/v1/rules")).json;
  assert.equal(history.kept, "kv");
  assert.equal(rule?.last?.id, run.id);
});

test("GET /v1/runs lists durable copies of callers, and copies within a request", async () => {
  await using mirror = await startMirror();
  const { source, destination, worker } = mirror;
  const body = { source: `${source.host}/app:1`, destination: `${destination.host}/durable:1` };
  await worker.start(body);
  const durable = await reachRun(worker, "ok");
  assert.equal(durable.by, "call");
  assert.equal(durable.destination, body.destination);
  assert.deepEqual(durable.counts, { copied: 1 });
  assert.ok((durable.bytesStreamed ?? 0) > 0);
  const absent = { source: `${source.host}/app:absent`, destination: `${destination.host}/x:1` };
  const response = await fetch(`${worker.url}/v1/copies`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(absent),
  });
  assert.equal(response.status, 404);
  const failed = await reachRun(worker, "failed");
  assert.equal(failed.source, absent.source);
  assert.equal(failed.problem?.code, "not_found");
});

test("GET /v1/runs has the failure of a durable copy", async () => {
  await using mirror = await startMirror();
  const { source, destination, worker } = mirror;
  destination.fail({ method: "POST", times: 99, action: { status: 403, body: "{}" } });
  await worker.start({
    source: `${source.host}/app:1`,
    destination: `${destination.host}/denied:1`,
  });
  const run = await reachRun(worker, "failed");
  assert.equal(run.problem?.code, "denied");
  assert.equal(run.problem?.side, "destination");
});

test("GET /v1/runs pages by the cursor of the namespace", async () => {
  await using mirror = await startMirror();
  const { worker } = mirror;
  const body = JSON.stringify({ only: `${mirror.source.host}/app:1` });
  for (let i = 0; i < 3; i++) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${worker.url}/v1/syncs`, { method: "POST", headers, body });
    await response.text();
  }
  const ids: string[] = [];
  let cursor = "";
  do {
    const query = cursor && `&cursor=${encodeURIComponent(cursor)}`;
    const list: RunList = (await worker.ask("GET", `/v1/runs?limit=1${query}`)).json;
    ids.push(...list.runs.map(({ id }) => id));
    cursor = list.next ?? "";
  } while (cursor !== "");
  assert.equal(ids.length, 3);
  assert.deepEqual(ids, [...ids].sort().reverse());
});

test("composeWorker() rejects CROSSDOCK_HISTORY_FILE: a Worker has no files", async () => {
  await using worker = await startCrossdock({ variables: { CROSSDOCK_HISTORY_FILE: "h.jsonl" } });
  const { status, json } = await worker.ask("GET", "/v1/runs");
  assert.equal(status, 503);
  assert.match(json.detail, /CROSSDOCK_HISTORY_FILE: this host has no files/);
});
