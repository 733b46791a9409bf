/** `/v1/runs` and `/v1/rules`: what ran, and what will. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryHistory } from "../../../src/history/memory_history.ts";
import type { RunHistory, RunList, RunRecord } from "../../../src/history/model.ts";
import type { Problem } from "../../../src/problem.ts";
import type { RuleList } from "../../../src/rules/rule_list.ts";
import { bearer, variablesFor } from "../../handler/setup.ts";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import type { RunningRegistry } from "../../support/registry.ts";
import { serveApp } from "../../support/serve_app.ts";
import type { ServedApp } from "../../support/serve_app.ts";
import { until } from "../../support/until.ts";

const HOOK_SECRET = "a-secret-of-the-hook";

interface Dock extends AsyncDisposable {
  readonly source: RunningRegistry;
  readonly destination: RunningRegistry;
  readonly server: ServedApp;
  get<Value>(path: string, status?: number): Promise<Value>;
  post(path: string, body: unknown): Promise<Response>;
}

async function startDock(history: RunHistory | undefined = new MemoryHistory()): Promise<Dock> {
  await using started = new AsyncDisposableStack();
  const source = started.use(await startRegistry());
  const destination = started.use(await startRegistry());
  await putImage(source, "app", { tag: "1", layers: 1 });
  await putImage(source, "app", { tag: "2", layers: 1, seed: 2 });
  const server = started.use(
    await serveApp({
      ...variablesFor(source, destination),
      CROSSDOCK_RETRIES: "0",
      CROSSDOCK_CONFIG: `
sync:
- {name: app, source: "${source.host}/app", target: "${destination.host}/app", type: repository, schedule: "CRON_TZ=UTC 0 6 * * *"}
- {name: absent, source: "${source.host}/absent", target: "${destination.host}/absent", type: repository}
webhooks:
  in:
    plain: {kind: bearer, place: "${source.host}", secrets: [${HOOK_SECRET}]}
`,
    }, { history }),
  );
  const kept = started.move();
  return {
    source,
    destination,
    server,
    async get<Value>(path: string, status = 200): Promise<Value> {
      const response = await fetch(`${server.url}${path}`, { headers: bearer("read") });
      const text = await response.text();
      assert.equal(response.status, status, text);
      return JSON.parse(text);
    },
    post: (path, body) =>
      fetch(`${server.url}${path}`, {
        method: "POST",
        headers: { ...bearer(), "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify(body),
      }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function hasLogged({ server }: Dock, message: string): boolean {
  return server.log.some((line) => JSON.parse(line).message === message);
}

test("GET /v1/runs lists a run of a rule with its cause, counts and requests", async () => {
  await using dock = await startDock();
  const response = await dock.post("/v1/syncs", { rules: ["app"] });
  assert.equal(response.status, 200, await response.text());
  const { runs: [run], history } = await dock.get<RunList>("/v1/runs");
  assert.equal(history.kept, "memory");
  assert.equal(run?.rule, "app");
  assert.equal(run?.by, "call");
  assert.equal(run?.token, "copier");
  assert.equal(run?.requestId, response.headers.get("x-request-id"));
  assert.equal(run?.state, "ok");
  assert.deepEqual(run?.counts, { copied: 2 });
  assert.ok((run?.bytesStreamed ?? 0) > 0);
  assert.ok((run?.requests?.destination ?? 0) > 0);
  const details = await dock.get<RunRecord>(`/v1/runs/${run?.id}`);
  assert.deepEqual(details.tags.map(({ result }) => result), ["copied", "copied"]);
  assert.equal(details.tags[0]?.report?.result, "copied");
});

test("GET /v1/runs/ID has the cause and the hint of failures, and the request that repeats it", async () => {
  await using dock = await startDock();
  dock.source.fail({
    method: "GET",
    path: "/manifests/",
    times: 9,
    action: { status: 401, body: "<b>no</b>" },
  });
  const only = `${dock.source.host}/app:1`;
  const response = await dock.post("/v1/syncs", { rules: ["app"], only });
  assert.equal(response.status, 502, await response.text());
  const { runs: [run] } = await dock.get<RunList>("/v1/runs?state=all-failed&rule=app");
  const details = await dock.get<RunRecord>(`/v1/runs/${run?.id}`);
  const [tag] = details.tags;
  assert.equal(tag?.error?.code, "unauthorized");
  assert.equal(tag?.error?.side, "source");
  assert.ok(tag?.error?.hint);
  assert.equal(run?.failure, tag?.error?.message);
  assert.deepEqual(details.request, { rules: ["app"], only });
});

test("GET /v1/runs lists copies of callers, with the body that repeats them", async () => {
  await using dock = await startDock();
  const { source, destination } = dock;
  const body = {
    source: `${source.host}/app:1`,
    destination: `${destination.host}/app:1`,
    referrers: true,
  };
  assert.equal((await dock.post("/v1/copies", body)).status, 200);
  const absent = { ...body, source: `${source.host}/app:absent` };
  assert.equal((await dock.post("/v1/copies", absent)).status, 404);
  const { runs } = await dock.get<RunList>("/v1/runs");
  assert.deepEqual(runs.map(({ state, source }) => [state, source]), [
    ["failed", absent.source],
    ["ok", body.source],
  ]);
  const [failed, copied] = await Promise.all(
    runs.map(({ id }) => dock.get<RunRecord>(`/v1/runs/${id}`)),
  );
  assert.equal(failed?.problem?.code, "not_found");
  assert.match(failed?.failure ?? "", /absent/);
  assert.equal(copied?.tags[0]?.report?.result, "copied");
  assert.equal(copied?.request["referrers"], true);
  const repeated = await dock.post("/v1/copies", copied?.request);
  assert.equal((await repeated.json()).result, "unchanged");
});

test("GET /v1/runs names the webhook that started a run", async () => {
  await using dock = await startDock();
  const response = await fetch(`${dock.server.url}/hooks/plain`, {
    method: "POST",
    headers: { authorization: `Bearer ${HOOK_SECRET}` },
    body: JSON.stringify({ repository: `${dock.source.host}/app`, tag: "1" }),
  });
  assert.equal(response.status, 202);
  await until("the end of the run", () => hasLogged(dock, "rule ended"));
  const { runs: [run] } = await dock.get<RunList>("/v1/runs");
  assert.deepEqual([run?.by, run?.hook, run?.only, run?.token], [
    "hook",
    "plain",
    `${dock.source.host}/app:1`,
    undefined,
  ]);
});

test("GET /v1/runs does not list dry runs", async () => {
  await using dock = await startDock();
  assert.equal((await dock.post("/v1/syncs", { rules: ["app"], dryRun: true })).status, 200);
  assert.deepEqual((await dock.get<RunList>("/v1/runs")).runs, []);
});

test("GET /v1/runs shows a run while it runs", async () => {
  await using dock = await startDock();
  const gate = Promise.withResolvers<void>();
  dock.source.fail({
    path: "/tags/list",
    action: { tamper: (response) => gate.promise.then(() => response) },
  });
  const running = dock.post("/v1/syncs", { rules: ["app"] });
  await until("a request of the run", () => dock.source.count() > 0);
  const { runs: [run] } = await dock.get<RunList>("/v1/runs?state=running");
  assert.equal(run?.rule, "app");
  assert.equal((await dock.get<RunRecord>(`/v1/runs/${run?.id}`)).state, "running");
  gate.resolve();
  assert.equal((await running).status, 200);
  assert.deepEqual((await dock.get<RunList>("/v1/runs?state=running")).runs, []);
});

test("GET /v1/runs pages by cursor", async () => {
  await using dock = await startDock();
  for (const only of ["1", "2", "1"]) {
    await dock.post("/v1/syncs", { rules: ["app"], only: `${dock.source.host}/app:${only}` });
  }
  const first = await dock.get<RunList>("/v1/runs?limit=2");
  const second = await dock.get<RunList>(`/v1/runs?limit=2&cursor=${first.next}`);
  assert.deepEqual([first, second].map(({ runs }) => runs.length), [2, 1]);
  assert.equal(second.next, undefined);
  assert.equal(new Set([...first.runs, ...second.runs].map(({ id }) => id)).size, 3);
});

test("GET /v1/runs rejects wrong parameters by name", async () => {
  await using dock = await startDock();
  const cases: Record<string, string> = {
    "limit=0": "limit",
    "limit=201": "limit",
    "limit=2e1": "limit",
    "limit=1&limit=2": "limit",
    "cursor=damaged": "cursor",
    [`cursor=${"x".repeat(2000)}`]: "cursor",
    "state=fine": "state",
    "rule=": "rule",
    "colour=red": "colour",
  };
  for (const [query, parameter] of Object.entries(cases)) {
    const problem = await dock.get<Problem>(`/v1/runs?${query}`, 400);
    assert.equal(problem.errors?.[0]?.parameter, parameter, query);
  }
});

test("GET /v1/runs/ID responds 404 to an unknown id, and 400 to what is none", async () => {
  await using dock = await startDock();
  const unknown = await dock.get<Problem>("/v1/runs/0mfizhs9c-5f3a9c1e", 404);
  assert.match(unknown.hint ?? "", /CROSSDOCK_HISTORY_FILE/);
  assert.equal((await dock.get<Problem>("/v1/runs/x", 400)).errors?.[0]?.parameter, "id");
});

test("GET /v1/runs needs a token", async () => {
  await using dock = await startDock();
  for (const path of ["/v1/runs", "/v1/runs/0mfizhs9c-5f3a9c1e", "/v1/rules", "/v1/setup"]) {
    const response = await fetch(`${dock.server.url}${path}`);
    assert.equal(response.status, 401, path);
    await response.body?.cancel();
  }
});

test("POST /v1/syncs succeeds although the history fails", async () => {
  const history: RunHistory = {
    status: { kept: "file", note: "" },
    begin: () => "0mfizhs9c-5f3a9c1e",
    save: () => Promise.reject(new Error("no space left on device")),
    list: () => Promise.reject(new Error("no space left on device")),
    get: () => Promise.resolve(undefined),
  };
  await using dock = await startDock(history);
  const response = await dock.post("/v1/syncs", { rules: ["app"] });
  assert.equal((await response.json()).result, "ok");
  assert.ok(dock.server.log.some((line) => line.includes("run not recorded")));
  await dock.get("/v1/runs", 500);
});

test("GET /v1/rules lists the rules without a request to a registry", async () => {
  await using dock = await startDock();
  const before = await dock.get<RuleList>("/v1/rules");
  assert.equal(dock.source.count() + dock.destination.count(), 0);
  assert.deepEqual(before.rules.map(({ rule, type, targets }) => [rule, type, targets]), [
    ["app", "repository", [`${dock.destination.host}/app`]],
    ["absent", "repository", [`${dock.destination.host}/absent`]],
  ]);
  const [app, absent] = before.rules;
  assert.deepEqual(app?.schedule, { cron: "0 6 * * *", timeZone: "UTC" });
  assert.ok((app?.next ?? 0) > Date.now());
  assert.equal(absent?.next, undefined);
  await dock.post("/v1/syncs", {});
  const after = await dock.get<RuleList>("/v1/rules");
  assert.deepEqual(after.rules.map(({ last }) => last?.state), ["ok", "all-failed"]);
});

test("GET /v1/rules has the pulls that the source reported", async () => {
  await using dock = await startDock();
  dock.source.fail({
    path: "/manifests/",
    times: 99,
    optional: true,
    action: {
      tamper: (response) => {
        response.headers.set("ratelimit-remaining", "76;w=21600");
        return response;
      },
    },
  });
  await dock.post("/v1/syncs", { rules: ["app"] });
  const { rules: [app] } = await dock.get<RuleList>("/v1/rules");
  assert.equal(app?.pulls?.remaining, 76);
  assert.equal(app?.pulls?.windowSeconds, 21_600);
});

test("GET /v1/runs and GET /v1/rules say why a host without a history keeps nothing", async () => {
  await using server = await serveApp(variablesFor());
  for (const path of ["/v1/runs", "/v1/rules"]) {
    const response = await fetch(`${server.url}${path}`, { headers: bearer("read") });
    const { runs, rules, history } = await response.json();
    assert.deepEqual(runs ?? rules, []);
    assert.equal(history.kept, "none");
    assert.match(history.note, /HISTORY/);
  }
});
