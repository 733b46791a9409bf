/** `/v1/runs`, `/v1/rules`, `/v1/setup` and `/v1/checks` on the host under test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Setup } from "../../src/config/setup.ts";
import type { RunList, RunRecord } from "../../src/history/model.ts";
import type { RuleList } from "../../src/rules/rule_list.ts";
import { putImage } from "../support/image.ts";
import { bearer, readProblem, startDock } from "./setup.ts";
import type { Dock } from "./setup.ts";
import { testHost } from "./start_handler.ts";

/** Without a KV namespace a Worker keeps nothing. */
const isWorker = testHost() === "workerd";

async function startDockWithRule(): Promise<Dock> {
  const dock = await startDock({
    variables: ({ source, destination }) => ({
      CROSSDOCK_CONFIG: JSON.stringify({
        sync: [{
          name: "apps",
          source: `${source}/app`,
          target: `${destination}/mirror/app`,
          type: "repository",
          schedule: "CRON_TZ=Europe/Berlin 0 6 1 1 *",
        }],
      }),
    }),
  });
  await putImage(dock.source, "app", { tag: "1", layers: 1 });
  return dock;
}

async function get<Value>(dock: Dock, path: string): Promise<Value> {
  const response = await dock.send("GET", path, { headers: bearer("read") });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  assert.match(response.headers.get("content-type") ?? "", /^application\/json\b/);
  return JSON.parse(text);
}

test("GET /v1/runs lists what ran, or says that the host keeps nothing", async () => {
  await using dock = await startDockWithRule();
  await (await dock.send("POST", "/v1/syncs", { body: { rules: ["apps"] } })).text();
  await (await dock.copy()).text();
  const { runs: all, history } = await get<RunList>(dock, "/v1/runs");
  if (isWorker) {
    assert.equal(history.kept, "none");
    return assert.deepEqual(all, []);
  }
  // The run at the start of the server may still be running.
  const runs = all.filter(({ by }) => by !== "start");
  assert.equal(history.kept, "memory");
  const wanted = [["call", undefined, "ok"], ["call", "apps", "ok"]];
  assert.deepEqual(runs.map(({ by, rule, state }) => [by, rule, state]), wanted);
  const run = await get<RunRecord>(dock, `/v1/runs/${runs[1]?.id}`);
  assert.deepEqual(run.tags.map(({ destination, result }) => [destination, result]), [
    [`${dock.destination.host}/mirror/app:1`, "copied"],
  ]);
  assert.equal(run.token, "copier");
});

test("GET /v1/runs/ID responds 404 to an unknown run", async () => {
  await using dock = await startDockWithRule();
  await readProblem(await dock.send("GET", "/v1/runs/0mfizhs9c-5f3a9c1e"), 404);
  await readProblem(await dock.send("GET", "/v1/runs?limit=many"), 400);
});

test("GET /v1/rules lists the rules with their next runs", async () => {
  await using dock = await startDockWithRule();
  const { rules: [rule] } = await get<RuleList>(dock, "/v1/rules");
  assert.equal(rule?.rule, "apps");
  assert.deepEqual(rule?.schedule, { cron: "0 6 1 1 *", timeZone: "Europe/Berlin" });
  const year = new Date().getUTCFullYear();
  const times = [year, year + 1].map((year) => Date.UTC(year, 0, 1, 5));
  assert.ok(times.includes(rule?.next ?? 0), `${rule?.next}`);
});

test("GET /v1/setup describes the host, and POST /v1/checks a credential", async () => {
  await using dock = await startDockWithRule();
  const { host } = await get<Setup>(dock, "/v1/setup");
  assert.deepEqual([host.name, host.memory], [
    testHost().replace(/-run$/, ""),
    isWorker ? "isolate" : "process",
  ]);
  const name = `${dock.destination.host}/app`;
  const response = await dock.send("POST", "/v1/checks", { body: { name, access: "push" } });
  assert.equal((await response.json()).result, "anonymous");
  await readProblem(await dock.send("POST", "/v1/checks", { body: { name: "ghcr.io" } }), 403);
});
