/** `/v1/syncs`: the server's own rules, run and asked about over HTTP. */
import { test } from "node:test";
import assert from "node:assert/strict";
import type { DurableRules, RuleRun } from "../../../src/rules/durable_rules.ts";
import type { Problem } from "../../../src/problem.ts";
import type { SyncStreamEvent } from "../../../src/stream_events.ts";
import type { SyncReport, SyncStatus } from "../../../src/sync/model.ts";
import { serveApp } from "../../support/serve_app.ts";
import type { ServedApp } from "../../support/serve_app.ts";
import { bearer, variablesFor } from "../../handler/setup.ts";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import type { RunningRegistry } from "../../support/registry.ts";

interface Dock extends AsyncDisposable {
  readonly a: RunningRegistry;
  readonly b: RunningRegistry;
  readonly server: ServedApp;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  get(query?: string, headers?: Record<string, string>): Promise<Response>;
}

/** A server whose callers may copy nothing by themselves. */
async function startDock(
  { isBare = false, durableRules }: { isBare?: boolean; durableRules?: DurableRules } = {},
): Promise<Dock> {
  await using started = new AsyncDisposableStack();
  const a = started.use(await startRegistry());
  const b = started.use(await startRegistry());
  await putImage(a, "app", { tag: "1", layers: 1 });
  await putImage(a, "base", { tag: "1", layers: 1, seed: 2 });
  const rules = ["app", "base"].map((name) =>
    `- { name: ${name}, source: "${a.host}/${name}", target: "${b.host}/${name}", type: repository }\n`
  );
  const server = started.use(
    await serveApp({
      ...variablesFor(),
      CROSSDOCK_ALLOW_PRIVATE: `${a.host} ${b.host}`,
      ...(isBare ? {} : { CROSSDOCK_CONFIG: `sync:\n${rules.join("")}` }),
    }, durableRules ? { durableRules } : {}),
  );
  const kept = started.move();
  const url = `${server.url}/v1/syncs`;
  return {
    a,
    b,
    server,
    post: (body, headers = {}) =>
      fetch(url, {
        method: "POST",
        headers: { ...bearer(), "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    get: (query = "", headers = {}) =>
      fetch(`${url}${query}`, { headers: { ...bearer("read"), ...headers } }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function readEvents(response: Response): Promise<SyncStreamEvent[]> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

async function readReport(response: Response): Promise<SyncReport> {
  const last = (await readEvents(response)).at(-1);
  assert.ok(last?.type === "report", JSON.stringify(last));
  return last.report;
}

async function readProblem(response: Response, status: number): Promise<Problem> {
  assert.equal(response.status, status);
  return await response.json();
}

test("POST /v1/syncs runs the named rules and streams their events", async () => {
  await using dock = await startDock();
  const events = await readEvents(await dock.post({ rules: ["base"] }));
  const types = events.map(({ type }) => type);
  assert.equal(types[0], "rule-started");
  assert.deepEqual(types.slice(-3), ["tag-ended", "rule-ended", "report"]);
  assert.ok(types.includes("copy"));
  assert.deepEqual([dock.b.tags("base"), dock.b.tags("app")], [["1"], []]);
  const last = events.at(-1);
  assert.ok(last?.type === "report");
  assert.equal(last.report.result, "ok");
  assert.deepEqual(last.report.rules.map(({ rule }) => rule), ["base"]);
});

test("POST /v1/syncs without names runs all rules and logs them with the request", async () => {
  await using dock = await startDock();
  const report = await readReport(await dock.post({}, { "x-request-id": "mine" }));
  assert.deepEqual(report.rules.map(({ rule, result }) => [rule, result]), [
    ["app", "ok"],
    ["base", "ok"],
  ]);
  const ended = dock.server.log.map((line) => JSON.parse(line))
    .filter(({ message, msg }) => (message ?? msg) === "rule ended");
  assert.deepEqual(ended.map(({ rule, requestId }) => [rule, requestId]), [
    ["app", "mine"],
    ["base", "mine"],
  ]);
});

test("POST /v1/syncs without a body runs all rules", async () => {
  await using dock = await startDock();
  const response = await fetch(`${dock.server.url}/v1/syncs`, {
    method: "POST",
    headers: bearer(),
  });
  const report = await readReport(response);
  assert.deepEqual(report.rules.map(({ rule }) => rule), ["app", "base"]);
});

test("POST /v1/syncs writes nothing in a dry run, and only missing tags with missing", async () => {
  await using dock = await startDock();
  const { b } = dock;
  const planned = await readReport(await dock.post({ dryRun: true }));
  assert.deepEqual(planned.rules.flatMap(({ tags }) => tags.map(({ result }) => result)), [
    "would-copy",
    "would-copy",
  ]);
  assert.deepEqual([b.tags("app"), b.tags("base")], [[], []]);
  await putImage(b, "app", { tag: "1", seed: 7 });
  const added = await readReport(await dock.post({ missing: true }));
  assert.deepEqual(added.rules.flatMap(({ tags }) => tags.map(({ result }) => result)), [
    "unchanged",
    "copied",
  ]);
});

test("POST /v1/syncs reports a failed rule and runs the next one", async () => {
  await using dock = await startDock();
  dock.a.fail({ path: "app/manifests/1", times: Infinity, action: { status: 403 } });
  const report = await readReport(await dock.post({}));
  assert.equal(report.result, "some-failed");
  const [app, base] = report.rules;
  assert.deepEqual([app?.result, base?.result], ["all-failed", "ok"]);
  assert.equal(app?.tags[0]?.error?.side, "source");
  assert.deepEqual(dock.b.tags("base"), ["1"]);
});

test("POST /v1/syncs sends server-sent events if the client accepts them", async () => {
  await using dock = await startDock();
  const response = await dock.post({ rules: ["app"] }, { accept: "text/event-stream" });
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  assert.match(
    await response.text(),
    /^event: rule-started\ndata: [^]*\nevent: report\ndata: .*\n\n$/,
  );
});

test("POST /v1/syncs starts durable runs on a host that has them", async () => {
  const started: RuleRun[] = [];
  const durableRules: DurableRules = {
    start(run): ReturnType<DurableRules["start"]> {
      started.push(run);
      return Promise.resolve({ id: `id-${run.rule.name}`, state: "started" });
    },
  };
  await using dock = await startDock({ durableRules });
  const prefer = { prefer: "respond-async" };
  const response = await dock.post({}, prefer);
  assert.equal(response.status, 202);
  assert.equal(response.headers.get("preference-applied"), "respond-async");
  assert.equal(response.headers.get("location"), "syncs");
  assert.deepEqual(await response.json(), {
    rules: [{ rule: "app", id: "id-app" }, { rule: "base", id: "id-base" }],
  });
  assert.equal(started.length, 2);
  const planned = await readReport(await dock.post({ dryRun: true }, prefer));
  assert.equal(planned.result, "ok");
  assert.equal(started.length, 2);
});

test("POST /v1/syncs stops when its client disconnects", async () => {
  await using dock = await startDock();
  const { a, b, server } = dock;
  const { layers } = await putImage(a, "base", {
    tag: "0",
    layers: 1,
    layerBytes: 300_000,
    seed: 3,
  });
  const path = `blobs/${layers[0]?.digest}`;
  a.fail({ path, action: { hangAfterBytes: 100_000 } });
  const gone = new AbortController();
  const response = await fetch(`${server.url}/v1/syncs`, {
    method: "POST",
    headers: { ...bearer(), "content-type": "application/json" },
    body: JSON.stringify({ rules: ["base"] }),
    signal: gone.signal,
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; !text.includes('"progress"');) text += (await reader?.read())?.value ?? "";
  gone.abort();
  await reader?.cancel().catch(() => {});
  while (!server.log.some((line) => line.includes("rule failed"))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(!b.tags("base").includes("0"));
});

test("GET /v1/syncs reports the status of the rules and writes nothing", async () => {
  await using dock = await startDock();
  const { a, b } = dock;
  const states = async (query = ""): Promise<unknown> => {
    const response = await dock.get(query);
    assert.equal(response.status, 200);
    const status: SyncStatus = await response.json();
    return [
      status.state,
      status.rules.map(({ rule, state, tags }) => [rule, state, ...tags.map(({ state }) => state)]),
    ];
  };
  assert.deepEqual(await states(), ["behind", [
    ["app", "behind", "missing"],
    ["base", "behind", "missing"],
  ]]);
  await readReport(await dock.post({}));
  await putImage(a, "base", { tag: "1", layers: 1, seed: 8 });
  b.clearRequests();
  assert.deepEqual(await states(), ["behind", [
    ["app", "in-step", "in-step"],
    ["base", "behind", "behind"],
  ]]);
  assert.deepEqual(await states("?rule=app"), ["in-step", [["app", "in-step", "in-step"]]]);
  assert.deepEqual(await states("?rule=base&rule=app"), await states());
  a.fail({ path: "app/manifests/1", times: Infinity, action: { status: 403 } });
  assert.deepEqual(await states("?rule=app"), ["error", [["app", "error", "error"]]]);
  assert.ok(b.requests.every(({ method }) => method === "HEAD" || method === "GET"));
});

test("/v1/syncs rejects an unknown rule and suggests a name", async () => {
  await using dock = await startDock();
  const posted = await readProblem(await dock.post({ rules: ["bas", "app"] }), 404);
  assert.deepEqual([posted.code, posted.detail, posted.hint, posted.errors], [
    "not_found",
    'there is no rule "bas"',
    "did you mean base",
    [{ pointer: "#/rules", detail: 'there is no rule "bas"' }],
  ]);
  const asked = await readProblem(await dock.get("?rule=x"), 404);
  assert.deepEqual(asked.errors, [{ parameter: "rule", detail: 'there is no rule "x"' }]);
  assert.equal(asked.hint, "expected one of app, base");
  assert.equal(dock.a.count() + dock.b.count(), 0);
});

test("/v1/syncs of a server without rules has a hint to configure some", async () => {
  await using dock = await startDock({ isBare: true });
  for (const response of [await dock.post({}), await dock.get()]) {
    const { code, detail, hint } = await readProblem(response, 404);
    assert.deepEqual([code, detail], ["not_found", "this server has no rules"]);
    assert.match(hint ?? "", /CROSSDOCK_CONFIG/);
  }
});

test("/v1/syncs needs a copy token to run rules, and a read token for their status", async () => {
  await using dock = await startDock();
  assert.equal((await dock.post({}, bearer("read"))).status, 403);
  assert.equal((await dock.post({ dryRun: true }, bearer("read"))).status, 403);
  assert.equal((await dock.get("", { authorization: "" })).status, 401);
  assert.equal(dock.a.count() + dock.b.count(), 0);
});

test("POST /v1/syncs names each invalid field", async () => {
  await using dock = await startDock();
  const { errors } = await readProblem(await dock.post({ rules: "app", dry: true }), 400);
  assert.deepEqual(errors?.map(({ pointer }) => pointer).sort(), ["#/dry", "#/rules"]);
  const { errors: ofQuery } = await readProblem(await dock.get("?rules=app"), 400);
  assert.deepEqual(ofQuery?.map(({ parameter }) => parameter), ["rules"]);
});

test("POST /v1/syncs runs only one tag of the rules that copy it", async () => {
  await using dock = await startDock();
  await putImage(dock.a, "app", { tag: "2", layers: 1, seed: 3 });
  const report = await readReport(await dock.post({ only: `${dock.a.host}/app:2` }));
  assert.deepEqual(report.rules.map(({ rule }) => rule), ["app"]);
  assert.deepEqual(report.rules[0]?.tags.map(({ result }) => result), ["copied"]);
  assert.deepEqual(dock.b.tags("app"), ["2"]);
  const whole = await readReport(await dock.post({ only: `${dock.a.host}/base` }));
  assert.deepEqual(whole.rules.map(({ rule }) => rule), ["base"]);
});

test("POST /v1/syncs previews one tag", async () => {
  await using dock = await startDock();
  const body = { only: `${dock.a.host}/app:1`, dryRun: true };
  const report = await readReport(await dock.post(body));
  assert.deepEqual(report.rules[0]?.tags.map(({ result }) => result), ["would-copy"]);
  assert.deepEqual(dock.b.tags("app"), []);
});

test("POST /v1/syncs responds 404 if no rule copies the part, and 400 if it is no part", async () => {
  await using dock = await startDock();
  const { host } = dock.a;
  dock.a.clearRequests();
  for (
    const body of [
      { only: `${host}/other:1` },
      { only: "alpine:3" },
      { only: `${host}/app:1`, rules: ["base"] },
    ]
  ) {
    const problem = await readProblem(await dock.post(body), 404);
    assert.equal(problem.errors?.[0]?.pointer, "#/only", JSON.stringify(body));
  }
  for (const only of ["", "A:b:c", `${host}/app@sha256:${"0".repeat(64)}`, 7]) {
    const problem = await readProblem(await dock.post({ only }), 400);
    assert.equal(problem.errors?.[0]?.pointer, "#/only", `${only}`);
  }
  assert.equal(dock.a.count(), 0);
});

test("POST /v1/syncs runs a part within the request, also with Prefer: respond-async", async () => {
  const durableRules: DurableRules = { start: () => assert.fail("started the whole rule") };
  await using dock = await startDock({ durableRules });
  const headers = { prefer: "respond-async" };
  const report = await readReport(await dock.post({ only: `${dock.a.host}/app:1` }, headers));
  assert.deepEqual(report.rules[0]?.tags.map(({ result }) => result), ["copied"]);
});
