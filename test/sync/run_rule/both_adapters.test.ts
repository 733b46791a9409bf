/** A rule runs the same with function calls and as a Workflow: each test runs on both adapters, over real HTTP to two registries. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../src/config/parse_config.ts";
import { createRuntime } from "../../../src/hosts/detect.ts";
import { runWorkflowRule } from "../../../src/rules/workflow_rule.ts";
import { composeServer } from "../../../src/server/compose.ts";
import { runRuleLocally } from "../../../src/sync/local_rules.ts";
import type { SyncRule } from "../../../src/sync/rule.ts";
import { startPair } from "../../support/pair.ts";
import type { Pair } from "../../support/pair.ts";
import { memoryStore } from "../../support/memory_store.ts";
import type { StateStore } from "../../../src/state_store.ts";
import { putImage, putIndex, putReferrer } from "../../support/image.ts";
import { parse } from "../setup.ts";
import { storeSteps } from "../../rules/stored_steps.ts";

/** The part of a run's result that both adapters report. */
interface Ran {
  readonly counts: Readonly<Record<string, number>>;
  readonly failures: readonly string[];
  readonly deleted: number;
  /** Times at which the run waited for a rate limit. */
  readonly waits: number;
}

interface Scenario {
  /** The rule's keys besides `name`; `S` and `D` stand for the two registries. */
  readonly rule: string;
  readonly only?: { readonly repository: string };
  readonly state?: StateStore;
}

type Adapter = (pair: Pair, scenario: Scenario) => Promise<Ran>;

function configOf({ source, destination }: Pair, { rule }: Scenario): string {
  const entry = rule.replaceAll("S/", `${source.host}/`).replaceAll("D/", `${destination.host}/`);
  return `creds:\n- {registry: "${source.host}", tls: disabled}\n- {registry: "${destination.host}", tls: disabled}\nsync:\n- {name: all, ${entry}}\n`;
}

function ruleOf(pair: Pair, scenario: Scenario): SyncRule {
  const [rule] = parse(configOf(pair, scenario)).config.rules;
  assert.ok(rule);
  return rule;
}

function onlyOf({ source }: Pair, { only }: Scenario): { repository: string } | undefined {
  return only && { repository: only.repository.replace("S/", `${source.host}/`) };
}

const runLocally: Adapter = async (pair, scenario) => {
  const rule = ruleOf(pair, scenario);
  let now = Date.now();
  let waits = 0;
  const { tags, pruned } = await runRuleLocally(rule, {
    engine: pair.engine,
    rules: [rule],
    now: () => now,
    state: scenario.state,
    only: onlyOf(pair, scenario),
    waitUntil(time): Promise<boolean> {
      waits += 1;
      now = time;
      return Promise.resolve(true);
    },
  });
  const counts: Record<string, number> = {};
  for (const { result: ended, remembered } of tags) {
    const result = remembered ? "remembered" : ended;
    counts[result] = (counts[result] ?? 0) + 1;
  }
  return {
    counts,
    failures: tags.filter(({ result }) => result === "failed")
      .map(({ source, error }) => `${source} ${error?.code}`),
    deleted: pruned.filter(({ result }) => result === "deleted").length,
    waits,
  };
};

/** Each step is a request to the composed server; a second run must find each result stored. */
const runAsWorkflow: Adapter = async (pair, scenario) => {
  const runtime = await createRuntime();
  let offsetMs = 0;
  const now = (): number => Date.now() + offsetMs;
  const { source, destination } = pair;
  const server = composeServer(
    parseConfig({
      CROSSDOCK_TOKENS: '{"ci": "a-long-random-text-1"}',
      CROSSDOCK_ALLOW_PRIVATE: `${source.host} ${destination.host}`,
      CROSSDOCK_CONFIG: configOf(pair, scenario),
      CROSSDOCK_LOG: "off",
      CROSSDOCK_RETRIES: "0",
    }),
    {
      runtime: { ...runtime, now },
      write: () => {},
      separateEngines: true,
      ...(scenario.state ? { state: scenario.state } : {}),
    },
  );
  const app = server.createOpenApp();
  const stored = storeSteps({
    now,
    post: async (path, body) =>
      await app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    sleepUntil: (at) => offsetMs = Math.max(offsetMs, at - Date.now()),
  });
  const { rules } = server.config.sync;
  const params = { rule: "all", only: onlyOf(pair, scenario) };
  const report = await runWorkflowRule(params, stored.steps, { rules, log: () => {}, pageSize: 2 });
  const { posts } = stored;
  assert.deepEqual(
    await runWorkflowRule(params, stored.steps, { rules, log: () => {}, pageSize: 2 }),
    report,
    "a Workflow that is resumed comes to the same result",
  );
  assert.equal(stored.posts, posts, "a Workflow that is resumed repeats no step");
  return {
    counts: report.counts as Record<string, number>,
    failures: report.failures.map(({ source, error }) => `${source} ${error?.code}`),
    deleted: report.pruned.deleted,
    waits: stored.sleeps,
  };
};

const ADAPTERS: readonly [name: string, run: Adapter][] = [
  ["by function calls", runLocally],
  ["as a Workflow", runAsWorkflow],
];

const APP = 'type: repository, source: "S/app", target: "D/mirror/app"';

for (const [adapter, run] of ADAPTERS) {
  test(`runRule() ${adapter} copies tags that differ, and then finds all in step`, async () => {
    await using pair = await startPair();
    for (const [seed, tag] of ["1", "2", "3"].entries()) {
      await putImage(pair.source, "app", { tag, seed });
    }
    const first = await run(pair, { rule: APP });
    assert.deepEqual(first, { counts: { copied: 3 }, failures: [], deleted: 0, waits: 0 });
    assert.deepEqual(pair.destination.tags("mirror/app"), ["1", "2", "3"]);
    await putImage(pair.source, "app", { tag: "2", seed: 9 });
    pair.source.clearRequests();
    assert.deepEqual((await run(pair, { rule: APP })).counts, { copied: 1, unchanged: 2 });
    assert.equal(pair.source.count({ method: "HEAD", path: "/manifests/" }), 3);
    assert.equal(pair.source.count({ path: "/tags/list" }), 1);
  });

  test(`runRule() ${adapter} asks the target only for its list of tags if it remembers them`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    for (const [seed, tag] of ["1", "2", "3", "4", "5"].entries()) {
      await putImage(source, "app", { tag, seed });
    }
    const state = memoryStore();
    const rule = `${APP}, fullCheckEvery: 3`;
    await run(pair, { rule, state });
    destination.clearRequests();
    source.clearRequests();
    const { counts } = await run(pair, { rule, state });
    assert.deepEqual(counts, { remembered: 5 });
    assert.deepEqual([source.count(), destination.count()], [6, 1]);
    await putImage(source, "app", { tag: "2", seed: 9 });
    destination.deleteTag("mirror/app", "4");
    assert.deepEqual((await run(pair, { rule, state })).counts, { remembered: 3, copied: 2 });
    assert.deepEqual((await run(pair, { rule, state })).counts, { unchanged: 5 });
  });

  test(`runRule() ${adapter} does not fail if its store fails`, async () => {
    await using pair = await startPair();
    for (const [seed, tag] of ["1", "2"].entries()) {
      await putImage(pair.source, "app", { tag, seed });
    }
    const refuse = (): Promise<never> => Promise.reject(new Error("the disk is full"));
    const state = { read: refuse, write: refuse };
    assert.deepEqual((await run(pair, { rule: APP, state })).counts, { copied: 2 });
    assert.deepEqual((await run(pair, { rule: APP, state })).counts, { unchanged: 2 });
  });

  test(`runRule() ${adapter} continues after a tag that fails`, async () => {
    await using pair = await startPair();
    for (const [seed, tag] of ["1", "2", "3"].entries()) {
      await putImage(pair.source, "app", { tag, seed });
    }
    pair.source.fail({ path: "/manifests/2", action: { status: 403 }, times: 9 });
    const { counts, failures } = await run(pair, { rule: APP });
    assert.deepEqual(counts, { copied: 2, failed: 1 });
    assert.deepEqual(failures, [`${pair.source.host}/app:2 denied`]);
  });

  test(`runRule() ${adapter} copies each repository of a registry`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    await putImage(source, "app", { tag: "1", seed: 1 });
    await putIndex(source, "team/tool", { tag: "v1", platforms: ["linux/amd64", "linux/arm64"] });
    await putImage(source, "other", { tag: "1", seed: 3 });
    source.fail({ path: "/v2/other/tags/list", action: { status: 403 }, times: 9 });
    const rule = `type: registry, source: "${source.host}", target: "D/m", repos: {deny: [none]}`;
    const { counts, failures } = await run(pair, { rule });
    assert.deepEqual(counts, { copied: 2, failed: 1 });
    assert.deepEqual(failures, [`${source.host}/other denied`]);
    assert.deepEqual(destination.tags("m/app"), ["1"]);
    assert.deepEqual(destination.tags("m/team/tool"), ["v1"]);
  });

  test(`runRule() ${adapter} of an event runs for its repository only and prunes nothing`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    await putImage(source, "app", { tag: "1", seed: 1 });
    await putImage(source, "other", { tag: "1", seed: 2 });
    await putImage(destination, "m/app", { tag: "old", seed: 3 });
    const rule = `type: registry, source: "${source.host}", target: "D/m", prune: {maxShare: 1}`;
    const { counts, deleted } = await run(pair, { rule, only: { repository: "S/app" } });
    assert.deepEqual([counts, deleted], [{ copied: 1 }, 0]);
    assert.deepEqual(destination.tags("m/app"), ["1", "old"]);
    assert.equal(source.count({ path: "/other/" }), 0);
  });

  test(`runRule() ${adapter} deletes tags that it no longer selects`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    for (const [seed, tag] of ["1", "2"].entries()) await putImage(source, "app", { tag, seed });
    for (const tag of ["old", "kept"]) await putImage(destination, "mirror/app", { tag, seed: 7 });
    const { deleted } = await run(pair, { rule: `${APP}, prune: {maxShare: 1, keep: [kept]}` });
    assert.equal(deleted, 1);
    assert.deepEqual(destination.tags("mirror/app"), ["1", "2", "kept"]);
  });

  test(`runRule() ${adapter} deletes nothing if the source has none of its tags`, async () => {
    await using pair = await startPair();
    const { destination } = pair;
    await putImage(destination, "mirror/app", { tag: "old" });
    const rule = `${APP}, tags: {allow: [gone]}, prune: {maxShare: 1}`;
    const { counts, deleted } = await run(pair, { rule });
    assert.deepEqual([counts, deleted], [{ missing: 1 }, 0]);
    assert.deepEqual(destination.tags("mirror/app"), ["old"]);
  });

  test(`runRule() ${adapter} neither copies nor prunes tags that are too fresh`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    const annotations = { "org.opencontainers.image.created": new Date().toISOString() };
    await putImage(source, "app", { tag: "1", seed: 1 });
    await putImage(source, "app", { tag: "2", seed: 2, annotations });
    await putImage(destination, "mirror/app", { tag: "2", seed: 5 });
    const { counts, deleted } = await run(pair, {
      rule: `${APP}, minAge: 1h, prune: {maxShare: 1}`,
    });
    assert.deepEqual([counts, deleted], [{ "copied": 1, "too-fresh": 1 }, 0]);
    assert.deepEqual(destination.tags("mirror/app"), ["1", "2"]);
  });

  test(`runRule() ${adapter} copies referrers`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1", seed: 1 });
    const artifact = { artifactType: "application/spdx+json", payload: "{}" };
    const referrer = await putReferrer(source, "app", descriptor, artifact);
    await run(pair, { rule: `${APP}, referrers: true` });
    assert.ok(destination.getManifest("mirror/app", referrer.descriptor.digest));
  });

  test(`runRule() ${adapter} waits for a rate limit of the source, and then copies the rest`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    for (const [seed, tag] of ["1", "2", "3"].entries()) {
      await putImage(source, "app", { tag, seed });
    }
    const limited = { status: 429, headers: { "retry-after": "7200" } };
    source.fail({ path: "/manifests/2", times: 1, action: limited });
    const { counts, waits } = await run(pair, { rule: APP });
    assert.deepEqual([counts, waits], [{ copied: 3 }, 1]);
    assert.deepEqual(destination.tags("mirror/app"), ["1", "2", "3"]);
  });

  test(`runRule() ${adapter} reports a missing repository`, async () => {
    await using pair = await startPair();
    const { counts, failures } = await run(pair, { rule: APP });
    assert.deepEqual(counts, { failed: 1 });
    assert.deepEqual(failures, [`${pair.source.host}/app not_found`]);
  });
}
