import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../../support/memory_store.ts";
import { putImage } from "../../support/image.ts";
import { startPair } from "../../support/pair.ts";
import type { Pair } from "../../support/pair.ts";
import { startRegistry } from "../../support/registry.ts";
import type { RunningRegistry } from "../../support/registry.ts";
import type { RuleReport } from "../../../src/sync/model.ts";
import { NOW, ruleOf } from "../setup.ts";
import { appRule, clear, putTags, resultsOf, run } from "./setup.ts";

const TAGS = ["1", "2", "3", "4"];

const copied = TAGS.map((tag) => `app:${tag} copied`);

/** Requests for names at one side. */
function lookupsAt(registry: RunningRegistry): { heads: number; gets: number; lists: number } {
  return {
    heads: registry.count({ method: "HEAD", path: "/manifests/" }),
    gets: registry.count({ method: "GET", path: "/manifests/" }),
    lists: registry.count({ path: "/tags/list" }),
  };
}

function lookups({ source, destination }: Pair): Record<string, ReturnType<typeof lookupsAt>> {
  return { source: lookupsAt(source), destination: lookupsAt(destination) };
}

/** Makes a registry return an incomplete list. */
function listOnly(registry: RunningRegistry, tags: readonly string[]): void {
  const body = JSON.stringify({ name: "app", tags });
  const headers = { "content-type": "application/json" };
  registry.fail({ path: "/tags/list", times: 1, action: { status: 200, headers, body } });
}

function sum({ source, destination }: RuleReport["requests"]): number {
  return source + destination;
}

test("runRule() copies to an empty target without a HEAD for each tag, and compares all tags in the next run", async () => {
  await using pair = await startPair();
  await putTags(pair, ...TAGS);
  assert.deepEqual(resultsOf(await run(appRule(pair), pair)), copied);
  assert.deepEqual(lookups(pair), {
    source: { heads: 0, gets: 4, lists: 1 },
    destination: { heads: 1, gets: 0, lists: 1 },
  });
  clear(pair);
  await run(appRule(pair), pair);
  assert.deepEqual(lookups(pair), {
    source: { heads: 4, gets: 0, lists: 1 },
    destination: { heads: 4, gets: 0, lists: 0 },
  });
});

test("runRule() compares each tag if the target has any, also one that its list leaves out", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  await putTags(pair, ...TAGS);
  for (const tag of ["2", "3"]) await putImage(destination, "app", { tag, seed: Number(tag) });
  listOnly(destination, ["3"]);
  const report = await run(appRule(pair), pair);
  assert.deepEqual(resultsOf(report), [
    "app:1 copied",
    "app:2 unchanged",
    "app:3 unchanged",
    "app:4 copied",
  ]);
  assert.deepEqual(lookups(pair), {
    source: { heads: 3, gets: 2, lists: 1 },
    destination: { heads: 4, gets: 0, lists: 1 },
  });
  assert.equal(source.requests.length + destination.requests.length, sum(report.requests));
});

for (
  const { ifExists, results } of [
    { ifExists: "skip", results: ["1 copied", "2 skipped", "3 copied", "4 copied"] },
    { ifExists: "fail", results: ["1 copied", "2 failed", "3 copied", "4 copied"] },
  ]
) {
  test(`runRule() resolves each tag at the target, with ifExists: ${ifExists}`, async () => {
    await using pair = await startPair();
    const { destination } = pair;
    await putTags(pair, ...TAGS);
    const { descriptor: { digest } } = await putImage(destination, "app", { tag: "2", seed: 9 });
    const report = await run(appRule(pair, `, ifExists: ${ifExists}`), pair);
    assert.deepEqual(resultsOf(report), results.map((result) => `app:${result}`));
    assert.equal(destination.getManifest("app", "2")?.digest, digest);
    assert.deepEqual(lookups(pair), {
      source: { heads: 4, gets: 3, lists: 1 },
      destination: { heads: 4, gets: 0, lists: 0 },
    });
  });
}

test("runRule() with missing resolves each tag that the target does not list, and overwrites none", async () => {
  await using pair = await startPair();
  const { destination } = pair;
  await putTags(pair, ...TAGS);
  const { descriptor: { digest } } = await putImage(destination, "app", { tag: "2", seed: 9 });
  listOnly(destination, []);
  const report = await run(appRule(pair), pair, { missing: true });
  const results = ["1 copied", "2 skipped", "3 copied", "4 copied"];
  assert.deepEqual(resultsOf(report), results.map((result) => `app:${result}`));
  assert.equal(destination.getManifest("app", "2")?.digest, digest);
  assert.deepEqual(lookups(pair), {
    source: { heads: 0, gets: 4, lists: 1 },
    destination: { heads: 4, gets: 0, lists: 1 },
  });
});

test("runRule() with a backup does not list the target", async () => {
  await using pair = await startPair();
  const { destination } = pair;
  await putTags(pair, ...TAGS);
  const { descriptor: { digest } } = await putImage(destination, "app", { tag: "2", seed: 9 });
  await run(appRule(pair, ", backup: 'old-{{.Ref.Tag}}'"), pair);
  assert.equal(destination.getManifest("app", "old-2")?.digest, digest);
  assert.equal(lookupsAt(destination).lists, 0);
});

for (const status of [403, 404]) {
  test(`runRule() compares each tag if a proxy answers the target's list with ${status}`, async () => {
    await using pair = await startPair();
    const { destination } = pair;
    await putTags(pair, ...TAGS);
    destination.fail({ path: "/tags/list", times: 1, action: { status } });
    const report = await run(appRule(pair), pair);
    assert.deepEqual([resultsOf(report), report.warnings], [copied, []]);
    assert.deepEqual(lookupsAt(destination), { heads: 4, gets: 0, lists: 1 });
  });
}

test("runRule() copies to an empty target and compares with a complete one, with one read of the source", async () => {
  await using pair = await startPair();
  await using empty = await startRegistry();
  const { source, destination } = pair;
  await putTags(pair, ...TAGS);
  for (const [i, tag] of TAGS.entries()) await putImage(destination, "app", { tag, seed: i + 1 });
  const rule = ruleOf(
    `{type: repository, source: "${source.host}/app", targets: ["${destination.host}/app", "${empty.host}/app"]}`,
  );
  const { tags } = await run(rule, pair);
  assert.deepEqual(tags.map(({ result }) => result), TAGS.flatMap(() => ["unchanged", "copied"]));
  assert.deepEqual(lookupsAt(source), { heads: 0, gets: 4, lists: 1 });
  assert.deepEqual(lookupsAt(destination), { heads: 4, gets: 0, lists: 0 });
  assert.deepEqual(lookupsAt(empty), { heads: 1, gets: 0, lists: 1 });
});

test("runRule() reads no manifest to compare if media types or a floor of pulls may exclude a copy", async () => {
  for (
    const more of [", mediaTypes: [application/x]", ", mediaTypes: [], ratelimit: {min: 5}"]
  ) {
    await using pair = await startPair();
    await putTags(pair, ...TAGS);
    await run(appRule(pair, more), pair);
    assert.equal(lookupsAt(pair.source).heads, 4, more);
    assert.equal(lookupsAt(pair.destination).heads, 1, more);
  }
});

test("runRule() does not list a target for one tag, a dry run, or tags that it remembers", async () => {
  await using pair = await startPair();
  const { destination } = pair;
  await putTags(pair, ...TAGS);
  await run(appRule(pair), pair, { dryRun: true });
  assert.deepEqual(lookupsAt(destination), { heads: 4, gets: 0, lists: 0 });
  clear(pair);
  await run(appRule(pair, ", tags: {allow: ['1']}"), pair);
  assert.deepEqual(lookupsAt(destination), { heads: 1, gets: 0, lists: 0 });
  const state = memoryStore();
  const rule = appRule(pair, ", fastCheck: true");
  await run(rule, pair, { state });
  clear(pair);
  await putImage(pair.source, "app", { tag: "0", seed: 8 });
  await run(rule, pair, { state });
  assert.deepEqual(lookupsAt(destination), { heads: 1, gets: 0, lists: 1 });
});

test("runRule() compares a tag of an empty target again that it has copied before a rate limit", async () => {
  await using pair = await startPair();
  await using other = await startRegistry();
  const { source, destination } = pair;
  await putTags(pair, "1", "2");
  other.fail({
    method: "PUT",
    path: "/manifests/2",
    times: 1,
    action: { status: 429, headers: { "retry-after": "7200" } },
  });
  const rule = ruleOf(
    `{type: repository, source: "${source.host}/app", targets: ["${destination.host}/app", "${other.host}/app"]}`,
  );
  let time = NOW;
  const waitUntil = (until: number): Promise<boolean> => {
    time = until;
    return Promise.resolve(true);
  };
  const { tags } = await run(rule, pair, { now: () => time, waitUntil });
  assert.deepEqual(tags.map(({ result }) => result), ["copied", "copied", "copied", "copied"]);
  assert.equal(destination.count({ method: "PUT", path: "/manifests/2" }), 1);
});
