import assert from "node:assert/strict";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import type { SyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { runRuleLocally } from "../../src/sync/local_rules.ts";
import type { RuleReport } from "../../src/sync/model.ts";
import { statusOfRule } from "../../src/sync/rule_status.ts";
import type { SyncRule } from "../../src/sync/rule.ts";
import { ruleOf } from "../sync/setup.ts";
import { authorizationFor, startRealRegistry } from "./support.ts";
import type { RealRegistry, RealRegistryOptions, RegistryKind } from "./support.ts";
import { putTinyImage } from "./tiny_image.ts";

async function engineFor({ credentials }: RealRegistry): Promise<SyncEngine> {
  const destination = credentials
    ? { credentials: staticCredentials({ kind: "basic", ...credentials }, "test") }
    : {};
  return createSyncEngine({ runtime: await createRuntime(), destination });
}

function ruleFor(source: RealRegistry, mirror: RealRegistry, more: string): SyncRule {
  return ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${mirror.host}/app", ${more}}`,
  );
}

/** Puts the manifest of one tag under another, too. */
async function retag(registry: RealRegistry, from: string, to: string): Promise<void> {
  const headers = await authorizationFor(registry, "repository:app:pull,push");
  const base = `http://${registry.host}/v2/app/manifests`;
  const accept = "application/vnd.oci.image.manifest.v1+json";
  const manifest = await fetch(`${base}/${from}`, { headers: { ...headers, accept } });
  const answer = await fetch(`${base}/${to}`, {
    method: "PUT",
    headers: { ...headers, "content-type": accept },
    body: await manifest.arrayBuffer(),
  });
  await answer.body?.cancel();
  assert.equal(answer.status, 201);
}

async function tagsOf(registry: RealRegistry): Promise<string[]> {
  const headers = await authorizationFor(registry, "repository:app:pull");
  const answer = await fetch(`http://${registry.host}/v2/app/tags/list`, { headers });
  const { tags } = await answer.json() as { tags: string[] | null };
  return [...tags ?? []].sort();
}

const PRUNING: readonly [kind: RegistryKind, options: RealRegistryOptions][] = [
  ["distribution3", { deletes: true }],
  ["distribution3", { deletes: true, auth: "token" }],
  ["distribution2", { deletes: true }],
  ["crane", {}],
];

for (const [kind, options] of PRUNING) {
  test(`runRule() mirrors to ${kind} with ${options.auth ?? "open"} and prunes tags, not their siblings`, async () => {
    await using source = await startRealRegistry("distribution3", { storage: "memory" });
    await using mirror = await startRealRegistry(kind, options);
    const engine = await engineFor(mirror);
    const run = (more: string): Promise<RuleReport> => {
      const rule = ruleFor(source, mirror, more);
      return runRuleLocally(rule, { engine, rules: [rule], now: Date.now });
    };
    for (const tag of ["1", "2", "3"]) await putTinyImage(source, `app:${tag}`);
    const first = await run("tags: {allow: ['.*']}");
    assert.deepEqual(first.tags.map(({ result }) => result), ["copied", "copied", "copied"]);
    await retag(mirror, "2", "old");
    const pruned = await run("tags: {allow: ['[12]', x.*]}, prune: {maxShare: 0.5}");
    assert.deepEqual(pruned.warnings, []);
    assert.deepEqual(pruned.pruned, [
      { destination: `${mirror.host}/app:3`, result: "deleted" },
      { destination: `${mirror.host}/app:old`, result: "deleted" },
    ]);
    assert.deepEqual(await tagsOf(mirror), ["1", "2"]);
    const status = await statusOfRule(ruleFor(source, mirror, "tags: {allow: ['.*']}"), {
      rules: [],
      engine,
      now: Date.now,
    });
    assert.deepEqual(status.tags.map(({ state }) => state), ["in-step", "in-step", "missing"]);
  });
}

for (const kind of ["distribution2", "distribution3"] as const) {
  test(`runRule() leaves tags of ${kind} alone where that deletes nothing`, async () => {
    await using source = await startRealRegistry("distribution3", { storage: "memory" });
    await using mirror = await startRealRegistry(kind);
    const engine = await engineFor(mirror);
    await putTinyImage(source, "app:1");
    await putTinyImage(mirror, "app:2");
    const rule = ruleFor(source, mirror, "prune: {maxShare: 1}");
    const report = await runRuleLocally(rule, { engine, rules: [rule], now: Date.now });
    assert.deepEqual(report.pruned.map(({ result, error }) => [result, error?.code]), [
      ["failed", "unsupported"],
    ]);
    assert.deepEqual(await tagsOf(mirror), ["1", "2"]);
  });
}
