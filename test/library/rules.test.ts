import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { credentialsFromObject } from "../../src/auth/credentials.ts";
import { loadRules, SyncConfigError } from "../../src/library/rules.ts";
import type { SyncEvent } from "../../src/library/rules.ts";
import { memoryStore } from "../support/memory_store.ts";
import { putImage } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";

/** A configuration with the rules `app` and `other`; only the first has a schedule. */
function configOf(source: string, target: string): Readonly<Record<string, unknown>> {
  const repositories = { type: "repository", tags: { allow: ["1.*"] } };
  return {
    version: 1,
    defaults: { skipDockerConfig: true },
    sync: [
      {
        name: "app",
        source: `${source}/app`,
        target: `${target}/app`,
        schedule: "CRON_TZ=UTC 30 3 * * *",
        ...repositories,
      },
      { name: "other", source: `${source}/other`, target: `${target}/other`, ...repositories },
    ],
  };
}

test("loadRules() runs all rules, or those that are named", async () => {
  await using source = await startRegistry();
  await using target = await startRegistry();
  for (const name of ["app", "other"]) await putImage(source, name, { tag: "1.0" });
  await putImage(source, "app", { tag: "2.0" });
  const mirror = await loadRules(configOf(source.host, target.host));
  assert.deepEqual(mirror.rules.map(({ name }) => name), ["app", "other"]);
  assert.deepEqual(mirror.warnings, []);
  const dry = await mirror.run({ rules: ["app"], dryRun: true });
  assert.deepEqual(dry.rules[0]?.tags.map(({ result }) => result), ["would-copy"]);
  assert.equal((await mirror.status()).state, "behind");
  assert.equal(target.getManifest("app", "1.0"), undefined);
  const events: SyncEvent[] = [];
  const one = await mirror.run({ rules: ["app"], emit: (event) => events.push(event) });
  assert.deepEqual(one.rules.map(({ rule }) => rule), ["app"]);
  assert.equal(events.at(-1)?.type, "rule-ended");
  assert.equal(target.getManifest("other", "1.0"), undefined);
  assert.equal((await mirror.run()).result, "ok");
  assert.equal((await mirror.status()).state, "in-step");
  assert.ok(target.getManifest("app", "1.0") && target.getManifest("other", "1.0"));
  assert.equal(target.getManifest("app", "2.0"), undefined);
});

test("loadRules() remembers what it has mirrored, in a file or in a store", async () => {
  await using source = await startRegistry();
  await using target = await startRegistry();
  for (const tag of ["1.0", "1.1"]) await putImage(source, "app", { tag });
  const folder = await mkdtemp(join(tmpdir(), "crossdock-state-"));
  try {
    for (const state of [join(folder, "state"), memoryStore()]) {
      const counts: number[] = [];
      for (let i = 0; i < 2; i++) {
        const mirror = await loadRules(configOf(source.host, target.host), { state });
        const { rules: [rule] } = await mirror.run({ rules: ["app"] });
        counts.push(rule?.tags.filter(({ remembered }) => remembered).length ?? -1);
      }
      assert.deepEqual(counts, [0, 2]);
    }
    assert.deepEqual(await readdir(folder), ["state"]);
    await assert.rejects(loadRules({ version: 1 }, { state: "" }), { name: "ParseError" });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("loadRules() finds the next time of a rule", async () => {
  const mirror = await loadRules(configOf("a.example", "b.example"));
  const after = new Date("2026-11-26T03:30:00Z");
  assert.deepEqual(mirror.nextRun("app", after), new Date("2026-11-27T03:30:00Z"));
  assert.equal(mirror.nextRun("other", after), undefined);
  assert.ok((mirror.nextRun("app")?.getTime() ?? 0) > Date.now() - 1000);
  assert.throws(() => mirror.nextRun("ap"), { name: "ParseError", hint: "did you mean app" });
  await assert.rejects(mirror.run({ rules: ["ap"] }), { name: "ParseError" });
});

test("loadRules() rejects a configuration with every mistake, and returns its warnings", async () => {
  const text = "version: 1\nsync:\n  - source: a.example/app\n    type: repository\n    tag: x\n";
  await assert.rejects(loadRules(text, { from: "mirror.yaml" }), (error) => {
    assert.ok(error instanceof SyncConfigError);
    assert.match(error.message, /^mirror\.yaml:\d+:\d+: sync\[0\]/);
    return true;
  });
  const { warnings } = await loadRules(
    "version: 1\ncreds:\n  - registry: a.example\n" +
      "  - registry: a.example\nsync: []\n",
  );
  assert.match(warnings.map(({ message }) => message).join(), /a\.example is in creds already/);
});

test("loadRules() uses creds with variables, and the credentials of the settings", async () => {
  const auth = { type: "basic", users: { me: "secret" } } as const;
  await using source = await startRegistry({ auth });
  await using target = await startRegistry({ auth });
  const { descriptor } = await putImage(source, "app", { tag: "1.0" });
  const creds = [{ registry: source.host, user: "me", pass: '{{env "PASSWORD"}}' }];
  const mirror = await loadRules({ ...configOf(source.host, target.host), creds }, {
    env: { PASSWORD: "secret" },
    credentials: credentialsFromObject({ [target.host]: { username: "me", password: "secret" } }),
  });
  assert.equal((await mirror.run({ rules: ["app"] })).result, "ok");
  assert.equal(target.getManifest("app", "1.0")?.digest, descriptor.digest);
});

test("loadRules() copies into folders", async () => {
  await using source = await startRegistry();
  await putImage(source, "app", { tag: "1.0" });
  const folder = await mkdtemp(join(tmpdir(), "crossdock-rules-"));
  try {
    const mirror = await loadRules(configOf(source.host, `oci:${folder}`));
    assert.equal((await mirror.run({ rules: ["app"] })).result, "ok");
    assert.ok((await readdir(join(folder, "app"))).includes("index.json"));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("loadRules() stops a run with the reason of its signal", async () => {
  await using source = await startRegistry();
  await using target = await startRegistry();
  await putImage(source, "app", { tag: "1.0" });
  const mirror = await loadRules(configOf(source.host, target.host));
  const controller = new AbortController();
  const reason = new Error("enough");
  const running = mirror.run({
    signal: controller.signal,
    emit: ({ type }) => type === "rule-started" && controller.abort(reason),
  });
  await assert.rejects(running, (error) => error === reason);
});
