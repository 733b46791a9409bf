import assert from "node:assert/strict";
import { test } from "node:test";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { putImage, putIndex } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { NOW, ruleOf } from "./setup.ts";
import { appRule, clear, putTags, resultsOf, run, writesOf } from "./run_rule/setup.ts";

test("runRule() copies each tag, and then sends only the list and one HEAD to each side", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const rule = appRule(pair);
  const first = await run(rule, pair);
  assert.deepEqual(resultsOf(first), ["app:1 copied", "app:2 copied", "app:3 copied"]);
  assert.equal(first.result, "ok");
  assert.deepEqual(pair.destination.tags("app"), ["1", "2", "3"]);
  clear(pair);
  const second = await run(rule, pair);
  assert.deepEqual(resultsOf(second), ["app:1 unchanged", "app:2 unchanged", "app:3 unchanged"]);
  assert.deepEqual(pair.source.requests.map(({ method, path }) => `${method} ${path}`).sort(), [
    "GET /v2/app/tags/list",
    "HEAD /v2/app/manifests/1",
    "HEAD /v2/app/manifests/2",
    "HEAD /v2/app/manifests/3",
  ]);
  assert.equal(pair.destination.count({ method: "HEAD" }), 3);
  assert.equal(pair.destination.count(), 3);
  assert.deepEqual(second.requests, { source: 4, destination: 3 });
});

test("runRule() sends no request twice for a changed tag", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  await run(appRule(pair), pair);
  await putImage(pair.source, "app", { tag: "1", seed: 9, layers: 1 });
  clear(pair);
  assert.deepEqual(resultsOf(await run(appRule(pair), pair)), ["app:1 copied"]);
  assert.equal(pair.source.count({ path: "/manifests/1" }), 1);
  assert.equal(pair.destination.count({ method: "HEAD", path: "/manifests/" }), 1);
  assert.equal(pair.source.count({ method: "GET", path: "/manifests/" }), 1);
});

test("runRule() continues after a tag that fails", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  pair.source.fail({ path: "/manifests/2", action: { status: 403 }, times: 9 });
  const report = await run(appRule(pair), pair);
  assert.deepEqual(resultsOf(report), ["app:1 copied", "app:2 failed", "app:3 copied"]);
  assert.equal(report.result, "some-failed");
  const { code, side } = report.tags[1]?.error ?? {};
  assert.deepEqual({ code, side }, { code: "denied", side: "source" });
});

test("runRule() reports for each target that a repository could not be listed", async () => {
  await using pair = await startPair();
  const report = await run(appRule(pair), pair);
  assert.equal(report.result, "all-failed");
  assert.deepEqual(resultsOf(report), ["app failed"]);
  assert.equal(report.tags[0]?.error?.code, "not_found");
});

test("runRule() reports a registry without a catalog", async () => {
  await using pair = await startPair({ source: { catalog: false } });
  const { source, destination } = pair;
  const rule = ruleOf(
    `{type: registry, source: "${source.host}", target: "${destination.host}"}`,
  );
  const report = await run(rule, pair);
  assert.equal(report.result, "all-failed");
  assert.equal(report.tags[0]?.error?.code, "unsupported");
});

test("runRule() does not fail if a tag of the rule is missing", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const report = await run(appRule(pair, ", tags: {allow: ['1', nightly]}"), pair);
  assert.deepEqual(resultsOf(report), ["app:1 copied", "app:nightly missing"]);
  assert.equal(report.result, "ok");
});

test("runRule() of a dry run writes nothing and reports what it would copy", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  await run(appRule(pair, ", tags: {allow: ['1']}"), pair);
  clear(pair);
  const report = await run(appRule(pair), pair, { dryRun: true });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 would-copy"]);
  assert.equal(report.tags[1]?.digest, pair.source.getManifest("app", "2")?.digest);
  assert.equal(writesOf(pair), 0);
});

test("runRule() with missing copies only missing tags", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  await run(appRule(pair, ", tags: {allow: ['1', '2']}"), pair);
  const before = pair.destination.getManifest("app", "2")?.digest;
  await putImage(pair.source, "app", { tag: "2", seed: 9 });
  const report = await run(appRule(pair), pair, { missing: true });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 unchanged", "app:3 copied"]);
  assert.equal(pair.destination.getManifest("app", "2")?.digest, before);
});

test("runRule() with missing compares two lists, and sends no HEAD for a tag that the target has", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await run(appRule(pair), pair);
  const digestTag = descriptor.digest.replace(":", "-") + ".sig";
  for (const tag of [digestTag, ...Array.from({ length: 299 }, (_, i) => `t${i}`)]) {
    for (const registry of [source, destination]) registry.setTag("app", tag, descriptor.digest);
  }
  clear(pair);
  const report = await run(appRule(pair, ", digestTags: true"), pair, { missing: true });
  assert.equal(report.tags.length, 301);
  assert.ok(report.tags.every(({ result }) => result === "unchanged"));
  for (const { requests } of [source, destination]) {
    assert.deepEqual(requests.map(({ method, path }) => `${method} ${path}`), [
      "GET /v2/app/tags/list",
    ]);
  }
});

test("runRule() with missing lists no source if the rule names its tags, and compares only what one target lacks", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  await putTags(pair, "1", "2");
  await run(appRule(pair), pair);
  await putTags(pair, "3");
  clear(pair);
  const named = appRule(pair, ", tags: {allow: ['1', '2']}");
  await run(named, pair, { missing: true });
  assert.deepEqual([source.count(), destination.count()], [0, 1]);
  const both = {
    ...appRule(pair),
    targets: [`${destination.host}/app`, `${destination.host}/new`],
  };
  clear(pair);
  const report = await run(both, pair, { missing: true });
  assert.deepEqual(resultsOf(report), [
    "app:1 unchanged",
    "new:1 copied",
    "app:2 unchanged",
    "new:2 copied",
    "app:3 copied",
    "new:3 copied",
  ]);
  assert.equal(destination.count({ method: "HEAD", path: "/app/manifests/1" }), 0);
});

test("runRule() with missing compares tags of a target that cannot be listed", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  await run(appRule(pair, ", tags: {allow: ['1']}"), pair);
  pair.destination.fail({ path: "/tags/list", action: { status: 403 }, times: 9 });
  const report = await run(appRule(pair), pair, { missing: true });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 copied"]);
});

for (const [ifExists, result] of [["skip", "skipped"], ["fail", "failed"]] as const) {
  for (const dryRun of [false, true]) {
    test(`runRule() with ifExists ${ifExists} keeps another image, dry run: ${dryRun}`, async () => {
      await using pair = await startPair();
      await putTags(pair, "1");
      await putImage(pair.destination, "app", { tag: "1", seed: 7 });
      const before = pair.destination.getManifest("app", "1")?.digest;
      const report = await run(appRule(pair, `, ifExists: ${ifExists}`), pair, { dryRun });
      assert.deepEqual(resultsOf(report), [`app:1 ${result}`]);
      assert.equal(report.tags[0]?.error?.code, result === "failed" ? "conflict" : undefined);
      assert.equal(pair.destination.getManifest("app", "1")?.digest, before);
      assert.equal(pair.source.count({ method: "GET", path: "/manifests/" }), 0);
    });
  }
}

test("runRule() skips other media types than the rule's, and tags that are too fresh", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const odd = appRule(pair, ", mediaTypes: [application/vnd.docker.distribution.manifest.v2+json]");
  assert.deepEqual(resultsOf(await run(odd, pair)), ["app:1 skipped"]);
  const created = { "org.opencontainers.image.created": new Date(NOW - 1000).toISOString() };
  await putImage(pair.source, "app", { tag: "2", seed: 2, annotations: created });
  const fresh = await run(appRule(pair, ", minAge: 1h"), pair);
  assert.deepEqual(resultsOf(fresh), ["app:1 copied", "app:2 too-fresh"]);
  assert.equal(fresh.result, "ok");
});

test("runRule() with forceRecursive checks an image in step completely, even with fastCheck", async () => {
  await using pair = await startPair();
  await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  await run(appRule(pair), pair);
  clear(pair);
  await run(appRule(pair, ", fastCheck: true, forceRecursive: true"), pair);
  assert.ok(pair.source.count({ method: "GET", path: "/manifests/" }) > 0);
});

test("runRule() of one platform compares the image of that platform", async () => {
  await using pair = await startPair();
  await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  const rule = appRule(pair, ", platform: linux/arm64");
  assert.deepEqual(resultsOf(await run(rule, pair)), ["app:1 copied"]);
  clear(pair);
  assert.deepEqual(resultsOf(await run(rule, pair)), ["app:1 unchanged"]);
  assert.equal(writesOf(pair), 0);
  assert.equal(pair.source.count({ method: "GET", path: "/manifests/" }), 1, "the index alone");
});

test("runRule() requests tokens with push access only to write, and with delete access only to delete", async () => {
  const users = { ann: "secret" };
  await using source = await startRegistry();
  await using destination = await startRegistry({ auth: { type: "bearer", users } });
  const runtime = await createRuntime();
  const credentials = {
    lookup: (registry: string) =>
      Promise.resolve(
        registry === destination.host
          ? {
            credential: { kind: "basic" as const, username: "ann", password: "secret" },
            from: "a test",
          }
          : undefined,
      ),
    describe: () => [],
  };
  const side = { credentials };
  const engine = createSyncEngine({ runtime, source: side, destination: side });
  const pair = { source, destination, engine } as unknown as Pair;
  const scopes = (): string[] => {
    const tokens = destination.requests.filter(({ kind }) => kind === "token");
    return [...new Set(tokens.flatMap(({ query }) => query.getAll("scope")))].sort();
  };
  await putTags(pair, "1", "2");
  await run(appRule(pair), pair, { dryRun: true });
  assert.deepEqual(scopes(), ["repository:app:pull"]);
  await run(appRule(pair), pair);
  assert.deepEqual(scopes(), ["repository:app:pull", "repository:app:pull,push"]);
  source.deleteTag("app", "2");
  const { pruned } = await run(appRule(pair, ", prune: {maxShare: 0.5}"), pair);
  assert.deepEqual(pruned.map(({ result }) => result), ["deleted"]);
  assert.ok(scopes().includes("repository:app:delete,pull,push"));
});

test("runRule() reports names beside a pattern that the source lacks", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2x7-fips");
  const tags = "tags: {allow: ['[0-9]', 2.7-fips, v1.7.1-fips, 'no\\.such', none], deny: [none]}";
  const report = await run(appRule(pair, `, ${tags}`), pair);
  assert.deepEqual(resultsOf(report), [
    "app:1 copied",
    "app:2x7-fips copied",
    "app:v1.7.1-fips missing",
    "app:no.such missing",
  ]);
  assert.equal(report.result, "ok");
});

test("runRule() warns of a rule that selects nothing, but not after an event", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const rule = appRule(pair, ", tags: {allow: ['v[0-9]+']}");
  const report = await run(rule, pair);
  assert.deepEqual(report.tags, []);
  assert.deepEqual(report.warnings, ["the rule selects no tags: its source has none that match"]);
  const only = { repository: `${pair.source.host}/other` };
  assert.deepEqual((await run(rule, pair, { only })).warnings, []);
});
