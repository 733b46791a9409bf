/** Docker Hub counts a GET of a manifest as a pull, and a HEAD not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRuntime } from "../../src/hosts/detect.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import type { SyncEngine } from "../../src/sync/sync_engine.ts";
import { putImage } from "../support/image.ts";
import { mapHosts } from "../support/map_hosts.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { runRuleLocally } from "../../src/sync/local_rules.ts";
import { ruleOf } from "../sync/setup.ts";

interface Scene extends AsyncDisposable {
  readonly hub: RunningRegistry;
  readonly mirror: RunningRegistry;
  readonly engine: SyncEngine;
}

async function startScene(): Promise<Scene> {
  const hub = await startRegistry();
  const mirror = await startRegistry();
  return {
    hub,
    mirror,
    engine: createSyncEngine({
      runtime: mapHosts(await createRuntime(), { "registry-1.docker.io": hub.host }),
      source: { tls: "off" },
    }),
    async [Symbol.asyncDispose](): Promise<void> {
      await Promise.all([hub.close(), mirror.close()]);
    },
  };
}

function pullsOf(hub: RunningRegistry): number {
  return hub.count({ method: "GET", path: "/manifests/" });
}

test("a copy of an image that is there already takes no pull of Docker Hub", async () => {
  await using scene = await startScene();
  const { hub, mirror, engine } = scene;
  await putImage(hub, "library/alpine", { tag: "3" });
  const request = { source: "alpine:3", destination: `${mirror.host}/alpine:3` };
  assert.equal((await engine.copy(request)).result, "copied");
  const pulls = pullsOf(hub);
  assert.equal(pulls, 1);
  assert.equal((await engine.copy(request)).result, "unchanged");
  assert.equal(pullsOf(hub), pulls);
});

test("a plan, a dry run and a second run of a rule take no pull of Docker Hub for what is there", async () => {
  await using scene = await startScene();
  const { hub, mirror, engine } = scene;
  for (const tag of ["1", "2"]) await putImage(hub, "acme/app", { tag, seed: Number(tag) });
  const rule = ruleOf(
    `{type: repository, source: acme/app, target: "${mirror.host}/app", referrers: true, digestTags: true}`,
  );
  const run = { engine, rules: [rule], now: () => Date.now() };
  assert.equal((await runRuleLocally(rule, run)).result, "ok");
  const pulls = pullsOf(hub);
  assert.equal(pulls, 2);
  assert.equal((await runRuleLocally(rule, run)).result, "ok");
  await engine.plan({ source: "acme/app:1", destination: `${mirror.host}/app:1` });
  assert.equal(pullsOf(hub), pulls);
});
