import assert from "node:assert/strict";
import { test } from "node:test";
import { MIRROR, REPORT } from "../../build/api/examples.ts";
import { createCopyLimit } from "../../src/server/copy_limit.ts";
import { until } from "../support/until.ts";
import { startDocumentedApp, TOKEN } from "./documented_app.ts";
import type { DocumentedApp } from "./documented_app.ts";

function send(
  { app, toReal }: DocumentedApp,
  { path = "/v1/copies", body = MIRROR, accept, signal }: {
    readonly path?: string;
    readonly body?: unknown;
    readonly accept?: string;
    readonly signal?: AbortSignal;
  },
): Promise<Response> {
  const headers = new Headers({
    "authorization": `Bearer ${TOKEN}`,
    "content-type": "application/json",
    ...(accept === undefined ? {} : { accept }),
  });
  const request = new Request(`http://localhost${path}`, {
    method: "POST",
    headers,
    body: toReal(JSON.stringify(body)),
    signal: signal ?? null,
  });
  return Promise.resolve(app.fetch(request));
}

test("answerJob() streams NDJSON by default", async () => {
  await using documented = await startDocumentedApp();
  for (const accept of [undefined, "*/*"]) {
    const response = await send(documented, accept === undefined ? {} : { accept });
    assert.equal(response.headers.get("content-type"), "application/x-ndjson");
    const lines = (await response.text()).trim().split("\n");
    assert.equal(JSON.parse(lines.at(-1) ?? "").type, "report");
  }
});

test("answerJob() streams server-sent events", async () => {
  await using documented = await startDocumentedApp();
  const response = await send(documented, { accept: "text/event-stream" });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.match(await response.text(), /^event: \w+\n/);
});

test("answerJob() responds once with the report as JSON", async () => {
  await using documented = await startDocumentedApp();
  const response = await send(documented, { accept: "application/json" });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("cache-control"), "no-store");
  const report = JSON.parse(documented.toExample(await response.text()));
  assert.equal(report.result, "copied");
  assert.equal(report.digest, REPORT.digest);
});

test("answerJob() responds with the problem of a failed copy and its status", async () => {
  await using documented = await startDocumentedApp();
  const missing = { ...MIRROR, source: "docker.io/library/alpine:absent" };
  const response = await send(documented, { accept: "application/json", body: missing });
  assert.equal(response.status, 404);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = await response.json();
  assert.deepEqual([problem.code, problem.side], ["not_found", "source"]);
  assert.equal(problem.requestId, response.headers.get("x-request-id"));

  documented.destination.fail({
    method: "PUT",
    action: { status: 403 },
    times: 100,
  });
  const denied = await send(documented, { accept: "application/json" });
  assert.equal(denied.status, 403);
  assert.equal((await denied.json()).side, "destination");
});

test("answerJob() responds with the report of rules as JSON", async () => {
  await using documented = await startDocumentedApp();
  const call = { path: "/v1/syncs", body: {}, accept: "application/json" };
  const response = await send(documented, call);
  assert.equal(response.status, 200);
  assert.equal((await response.json()).result, "ok");
});

test("answerJob() responds with a problem and the report if rules failed", async () => {
  await using documented = await startDocumentedApp();
  documented.destination.fail({
    method: "PUT",
    action: { status: 403 },
    times: 100,
  });
  const call = { path: "/v1/syncs", body: {}, accept: "application/json" };
  const response = await send(documented, call);
  assert.equal(response.status, 403);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const { report, detail } = await response.json();
  assert.equal(report.result, "all-failed");
  assert.match(detail, /^1 of 1 images failed; the first is /);
});

test("answerJob() copies nothing if the client accepts no format", async () => {
  await using documented = await startDocumentedApp();
  for (const path of ["/v1/copies", "/v1/syncs"]) {
    const body = path === "/v1/copies" ? MIRROR : {};
    const response = await send(documented, { path, body, accept: "text/html" });
    assert.equal(response.status, 406);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
  }
  assert.deepEqual(documented.source.requests, []);
});

test("answerJob() aborts a copy in JSON when its client disconnects, and frees its place", async () => {
  const waiting: number[] = [];
  const limitCopies = createCopyLimit({
    maxCopies: 1,
    sleep: () => new Promise(() => {}),
    onWaiting: (count) => waiting.push(count),
  });
  const jobs: Promise<unknown>[] = [];
  await using documented = await startDocumentedApp({
    host: { limitCopies, background: (job) => jobs.push(job) },
  });
  documented.source.fail({ action: { hang: true } });
  const disconnect = new AbortController();
  const answering = send(documented, {
    accept: "application/json",
    signal: disconnect.signal,
  });
  await until("the source is asked", () => documented.source.requests.length > 0);
  disconnect.abort();
  assert.equal((await answering).status, 499);
  assert.equal(jobs.length, 1);
  await Promise.all(jobs);
  const next = await send(documented, { accept: "application/json" });
  assert.equal(next.status, 200);
});
