import assert from "node:assert/strict";
import { test } from "node:test";
import { createRemoteEngine } from "../../../src/client/remote_engine.ts";
import { MemoryHistory } from "../../../src/history/memory_history.ts";
import { TOKENS, variablesFor } from "../../handler/setup.ts";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import { serveApp } from "../../support/serve_app.ts";

test("createRemoteEngine() lists rules and runs, and returns a run with its tags", async () => {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putImage(source, "app", { tag: "1", layers: 1 });
  await using server = await serveApp({
    ...variablesFor(source, destination),
    CROSSDOCK_CONFIG:
      `sync: [{name: app, type: repository, source: "${source.host}/app", target: "${destination.host}/app", interval: 24h}]`,
  }, { history: new MemoryHistory() });
  const engine = createRemoteEngine({ url: server.url, token: TOKENS.copy });
  await engine.sync({ only: `${source.host}/app:1` });
  await engine.sync({});
  const first = await engine.listRuns({ rules: ["app"], states: ["ok"], limit: 1 });
  assert.equal(first.runs[0]?.only, undefined);
  const { runs: [part], next } = await engine.listRuns({ cursor: first.next });
  assert.equal(part?.only, `${source.host}/app:1`);
  assert.equal(next, undefined);
  const run = await engine.getRun(part?.id ?? "");
  assert.equal(run.tags[0]?.report?.result, "copied");
  const { rules: [rule] } = await engine.listRules();
  assert.equal(rule?.last?.id, first.runs[0]?.id);
  assert.equal(rule?.schedule?.everyMs, 24 * 60 * 60 * 1000);
  await assert.rejects(engine.getRun("0mfizhs9c-5f3a9c1e"), { code: "not_found" });
  await assert.rejects(engine.listRuns({ cursor: "damaged" }), { code: "usage" });
});

test("createRemoteEngine() returns the server's set-up, and checks its credentials", async () => {
  await using registry = await startRegistry();
  await using server = await serveApp(variablesFor(registry));
  const engine = createRemoteEngine({ url: server.url, token: TOKENS.copy });
  const setup = await engine.getSetup();
  assert.deepEqual(setup.caller, { token: "copier", scope: "copy" });
  const check = await engine.check({ name: `${registry.host}/app`, access: "push" });
  assert.equal(check.result, "anonymous");
  await assert.rejects(engine.check({ name: "ghcr.io" }), { code: "denied" });
});
