import assert from "node:assert/strict";
import { test } from "node:test";
import type { Digest } from "../../src/oci/digest.ts";
import { performRuleStep } from "../../src/sync/perform_rule_step.ts";
import { openRuleContext } from "../../src/sync/rule_context.ts";
import type { RuleReport, SyncEvent } from "../../src/sync/model.ts";
import type { SyncRule } from "../../src/sync/rule.ts";
import type { StateStore } from "../../src/state_store.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { memoryStore } from "../support/memory_store.ts";
import type { MemoryStore } from "../support/memory_store.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import { startRegistry } from "../support/registry.ts";
import { NOW } from "./setup.ts";
import { appRule, clear, putTags, resultsOf, run } from "./run_rule/setup.ts";

/** The only text of a store. */
function textOf({ texts }: MemoryStore): string {
  assert.equal(texts.size, 1);
  return [...texts.values()].join();
}

/** The tags of `app` that a store remembers. */
function tagsIn(store: MemoryStore): string[] {
  const { known } = JSON.parse(textOf(store)) as { known: string[][] };
  return known.map(([name = ""]) => name.replace(/^.*:/, "")).sort();
}

/** The number of images that were known without a request to the target. */
function countRemembered({ tags }: RuleReport): number {
  return tags.filter(({ remembered }) => remembered).length;
}

/** Puts one image with many tags. */
async function putMany({ source }: Pair, count: number): Promise<void> {
  const { descriptor } = await putImage(source, "app", { tag: "t0" });
  for (let i = 1; i < count; i++) {
    source.setTag("app", `t${i}`, descriptor.digest);
  }
}

/** Requests to both sides, as `GET /v2/app/tags/list`. */
function sentOf({ source, destination }: Pair): [string[], string[]] {
  const linesOf = ({ requests }: Pair["source"]): string[] =>
    requests.map(({ method, path }) => `${method} ${path}`).sort();
  return [linesOf(source), linesOf(destination)];
}

/** How many images each of several runs knew. */
async function rememberedBy(
  runs: number,
  rule: SyncRule,
  pair: Pair,
  state: StateStore,
): Promise<number[]> {
  const counts: number[] = [];
  for (let i = 0; i < runs; i++) {
    counts.push(countRemembered(await run(rule, pair, { state })));
  }
  return counts;
}

for (const tags of [3, 300]) {
  test(`a run of ${tags} remembered tags sends a list and a HEAD per tag to the source, and one list to the target`, async () => {
    await using pair = await startPair();
    await putMany(pair, tags);
    const state = memoryStore();
    await run(appRule(pair), pair, { state });
    clear(pair);
    const report = await run(appRule(pair), pair, { state });
    const [toSource, toTarget] = sentOf(pair);
    assert.equal(toSource.length, 1 + tags);
    assert.equal(
      toSource.filter((line) => line.startsWith("HEAD /v2/app/manifests/"))
        .length,
      tags,
    );
    assert.deepEqual(toTarget, ["GET /v2/app/tags/list"]);
    assert.deepEqual(report.requests, { source: 1 + tags, destination: 1 });
    assert.equal(countRemembered(report), tags);
    const digest = pair.source.getManifest("app", "t0")?.digest;
    assert.ok(report.tags.every((tag) => tag.result === "unchanged" && tag.digest === digest));
  });
}

test("all images are compared in every fullCheckEvery-th run, by default the 24th", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  const rule = appRule(pair, ", fullCheckEvery: 3");
  assert.deepEqual(await rememberedBy(8, rule, pair, state), [0, 2, 2, 0, 2, 2, 0, 2]);
  const usual = await rememberedBy(26, appRule(pair), pair, memoryStore());
  assert.deepEqual(usual.flatMap((count, i) => count === 0 ? [i] : []), [0, 24]);
  const never = await rememberedBy(3, appRule(pair, ", fullCheckEvery: 1"), pair, memoryStore());
  assert.deepEqual(never, [0, 0, 0]);
});

test("a tag that was deleted at the target is copied again", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  pair.destination.deleteTag("app", "2");
  const report = await run(appRule(pair), pair, { state });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 copied", "app:3 unchanged"]);
  assert.equal(countRemembered(report), 2);
  assert.ok(pair.destination.getManifest("app", "2"));
});

test("a tag that moved at the source is copied, and costs two requests to the source and two to the target", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  const moved = await putImage(pair.source, "app", { tag: "2", seed: 1 });
  clear(pair);
  const report = await run(appRule(pair), pair, { state });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 copied", "app:3 unchanged"]);
  assert.equal(pair.destination.getManifest("app", "2")?.digest, moved.descriptor.digest);
  assert.equal(pair.source.count({ method: "HEAD" }), 3);
  assert.equal(pair.destination.count({ method: "HEAD", path: "/manifests/" }), 1);
  assert.equal(countRemembered(await run(appRule(pair), pair, { state })), 3);
});

test("a tag that somebody else moved at the target is repaired by the next full comparison only", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  const rule = appRule(pair, ", fullCheckEvery: 3");
  await run(rule, pair, { state });
  await putImage(pair.destination, "app", { tag: "2", seed: 9 });
  for (let i = 0; i < 2; i++) {
    const report = await run(rule, pair, { state });
    assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 unchanged"]);
  }
  const report = await run(rule, pair, { state });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 copied"]);
  assert.equal(
    pair.destination.getManifest("app", "2")?.digest,
    pair.source.getManifest("app", "2")?.digest,
  );
});

test("a new tag is copied, and a tag that the source lacks is forgotten", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  pair.source.deleteTag("app", "1");
  await putImage(pair.source, "app", { tag: "3", seed: 7 });
  const report = await run(appRule(pair), pair, { state });
  assert.deepEqual(resultsOf(report), ["app:2 unchanged", "app:3 copied"]);
  assert.deepEqual(tagsIn(state), ["2", "3"]);
});

const OTHER_RULES: [what: string, before: string, after: string][] = [
  ["platforms", "", ", platforms: [linux/amd64], index: rebuild"],
  [
    "index",
    ", platforms: [linux/amd64], index: rebuild",
    ", platforms: [linux/amd64], index: sparse",
  ],
  ["mediaTypes", "", ", mediaTypes: [application/vnd.oci.image.index.v1+json]"],
  ["referrers", "", ", referrers: true, fastCheck: true"],
];
for (const [what, before, after] of OTHER_RULES) {
  test(`all images are compared after a change of ${what}, and after the change back`, async () => {
    await using pair = await startPair({ destination: { strictManifests: false } });
    for (const tag of ["1", "2"]) {
      await putIndex(pair.source, "app", { tag, platforms: ["linux/amd64", "linux/arm64"] });
    }
    const state = memoryStore();
    const counts: number[] = [];
    for (const more of [before, before, after, after, before, before]) {
      counts.push(countRemembered(await run(appRule(pair, more), pair, { state })));
    }
    assert.deepEqual(counts, [0, 2, 0, 2, 0, 2]);
    assert.equal(state.texts.size, 1);
  });
}

test("a rebuilt index is known by the digest of its source, and reported by that of its target", async () => {
  await using pair = await startPair();
  for (const [seed, tag] of ["1", "2"].entries()) {
    await putIndex(pair.source, "app", { tag, seed, platforms: ["linux/amd64", "linux/arm64"] });
  }
  const state = memoryStore();
  const rule = appRule(pair, ", platforms: [linux/amd64], index: rebuild");
  await run(rule, pair, { state });
  clear(pair);
  const report = await run(rule, pair, { state });
  assert.deepEqual(report.requests, { source: 3, destination: 1 });
  assert.deepEqual(
    report.tags.map(({ digest }) => digest),
    ["1", "2"].map((tag) => pair.destination.getManifest("app", tag)?.digest),
  );
});

test("a rule with referrers or digest tags remembers nothing, so that a later signature is copied", async () => {
  await using pair = await startPair();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  pair.source.setTag("app", "2", descriptor.digest);
  const state = memoryStore();
  const rule = appRule(pair, ", referrers: true");
  await run(rule, pair, { state });
  const signature = await putReferrer(pair.source, "app", descriptor, {
    artifactType: "application/vnd.example.signature",
    payload: "{}",
  });
  await run(rule, pair, { state });
  assert.ok(pair.destination.getManifest("app", signature.descriptor.digest));
  await run(appRule(pair, ", digestTags: true"), pair, { state });
  await run(appRule(pair, ", forceRecursive: true"), pair, { state });
  assert.equal(state.texts.size, 0);
  await run(appRule(pair, ", referrers: true, fastCheck: true"), pair, { state });
  assert.equal(state.texts.size, 1);
});

test("a rule of one image remembers nothing", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  await putTags(pair, "1");
  const state = memoryStore();
  const rule = {
    ...appRule(pair),
    type: "image" as const,
    source: `${source.host}/app:1`,
    targets: [`${destination.host}/app:1`],
  };
  await run(rule, pair, { state });
  assert.equal(state.texts.size, 0);
});

test("failed images and copies with warnings are not remembered", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  await putTags(pair, "1", "2", "3");
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  destination.fail({ method: "PUT", path: "/manifests/2", action: { status: 403 }, times: 9 });
  source.fail({ path: `/referrers/${descriptor.digest}`, action: { status: 500 }, times: 99 });
  const state = memoryStore();
  const report = await run(appRule(pair, ", referrers: true, fastCheck: true"), pair, { state });
  assert.deepEqual(resultsOf(report), ["app:1 copied", "app:2 failed", "app:3 copied"]);
  assert.notDeepEqual(report.tags[0]?.report?.warnings, []);
  assert.deepEqual(tagsIn(state), ["3"]);
});

test("an image that the target keeps is not remembered", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  await putImage(pair.destination, "app", { tag: "1", seed: 9 });
  const state = memoryStore();
  const report = await run(appRule(pair, ", ifExists: skip"), pair, { state });
  assert.deepEqual(resultsOf(report), ["app:1 skipped", "app:2 copied"]);
  assert.deepEqual(tagsIn(state), ["2"]);
});

test("a durable copy that was started is not remembered", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  const startCopy = (): Promise<{ id: string }> => Promise.resolve({ id: "x" });
  await run(appRule(pair), pair, { state, startCopy });
  assert.deepEqual(tagsIn(state), []);
  await run(appRule(pair), pair);
  await run(appRule(pair), pair, { state, startCopy });
  assert.deepEqual(tagsIn(state), ["1", "2"]);
});

test("a dry run compares all images, and neither reads nor writes the state", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  await putImage(pair.destination, "app", { tag: "2", seed: 9 });
  const text = textOf(state);
  const report = await run(appRule(pair), pair, { state, dryRun: true });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 would-copy"]);
  assert.equal(countRemembered(report), 0);
  assert.equal(textOf(state), text);
});

test("a run that is stopped leaves no state", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  await putTags(pair, "3");
  const stop = new AbortController();
  const emit = (event: SyncEvent): void => {
    if (event.type === "copy" || event.type === "tag-ended") {
      stop.abort(new Error("stopped"));
    }
  };
  await assert.rejects(run(appRule(pair), pair, { state, emit, signal: stop.signal }), /stopped/);
  assert.equal(state.texts.size, 0);
  assert.deepEqual(await rememberedBy(2, appRule(pair), pair, state), [0, 3]);
});

test("a run of an event forgets its tag before it copies", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  const only = { repository: `${pair.source.host}/app`, tag: "2" };
  clear(pair);
  const report = await run(appRule(pair), pair, { state, only });
  assert.deepEqual(report.requests, { source: 1, destination: 1 });
  assert.deepEqual(tagsIn(state), ["1", "3"]);
  assert.equal(countRemembered(await run(appRule(pair), pair, { state })), 2);
  assert.deepEqual(tagsIn(state), ["1", "2", "3"]);
});

test("a run of an event for a repository uses the state", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  const only = { repository: `${pair.source.host}/app` };
  assert.equal(countRemembered(await run(appRule(pair), pair, { state, only })), 2);
});

test("a run that copies missing tags forgets those that it copies", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  pair.destination.deleteTag("app", "2");
  const report = await run(appRule(pair), pair, { state, missing: true });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 copied", "app:3 unchanged"]);
  assert.deepEqual(tagsIn(state), ["1", "3"]);
});

test("each target has its own memory, and one HEAD to the source serves them all", async () => {
  await using pair = await startPair();
  await using second = await startRegistry();
  await putTags(pair, "1", "2", "3");
  const state = memoryStore();
  const rule = {
    ...appRule(pair),
    targets: [`${pair.destination.host}/app`, `${second.host}/app`],
  };
  second.fail({ method: "PUT", path: "/manifests/2", action: { status: 403 }, times: 9 });
  await run(rule, pair, { state });
  clear(pair);
  second.clearRequests();
  const report = await run(rule, pair, { state });
  assert.equal(countRemembered(report), 5);
  assert.equal(pair.source.count({ method: "HEAD" }), 3);
  assert.deepEqual(sentOf(pair)[1], ["GET /v2/app/tags/list"]);
  assert.equal(second.count({ path: "/tags/list" }), 1);
  // The second HEAD shows that the tag did not arrive.
  assert.equal(second.count({ method: "HEAD", path: "/manifests/" }), 2);
});

test("a target whose tags cannot be listed is compared tag by tag", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  pair.destination.fail({ path: "/tags/list", action: { status: 403 }, times: 9 });
  const report = await run(appRule(pair), pair, { state });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 unchanged"]);
  assert.equal(countRemembered(report), 0);
});

const BROKEN: [what: string, text: (valid: string) => string][] = [
  ["is empty", () => ""],
  ["is not JSON", () => "{]"],
  ["is cut off", (valid) => valid.slice(0, -20)],
  ["is of another version", (valid) => valid.replace('"version":1', '"version":2')],
  ["is another document", () => '{"sync": []}'],
  ["has a digest that is none", (valid) => valid.replace("sha256:", "sha256:x")],
];
for (const [what, change] of BROKEN) {
  test(`a state that ${what} counts as none, with a warning, and is replaced`, async () => {
    await using pair = await startPair();
    await putTags(pair, "1", "2");
    const state = memoryStore();
    await run(appRule(pair), pair, { state });
    for (const [key, text] of state.texts) state.texts.set(key, change(text));
    const report = await run(appRule(pair), pair, { state });
    assert.deepEqual([report.result, countRemembered(report)], ["ok", 0]);
    assert.deepEqual(report.warnings, [
      `remembered state of ${pair.source.host}/app: it cannot be read, all images are compared`,
    ]);
    const next = await run(appRule(pair), pair, { state });
    assert.deepEqual([countRemembered(next), next.warnings], [2, []]);
  });
}

const FAILING: [what: string, fails: (call: "read" | "write" | "delete") => boolean][] = [
  ["cannot be read", (call) => call === "read"],
  ["deletes nothing", (call) => call === "delete"],
  ["writes nothing", (call) => call === "write"],
  ["does nothing at all", () => true],
];
for (const [what, fails] of FAILING) {
  test(`a store that ${what} fails no run, and all images are compared`, async () => {
    await using pair = await startPair();
    await putTags(pair, "1", "2");
    const state = memoryStore();
    await run(appRule(pair), pair, { state });
    const refuse = (call: "read" | "write" | "delete"): void => {
      if (fails(call)) throw new Error("the disk is full");
    };
    const failing: StateStore = {
      read(key): Promise<string | undefined> {
        refuse("read");
        return state.read(key);
      },
      async write(key, text): Promise<void> {
        await Promise.resolve();
        refuse(text === undefined ? "delete" : "write");
        await state.write(key, text);
      },
    };
    const reports: RuleReport[] = [];
    for (let i = 0; i < 3; i++) {
      reports.push(await run(appRule(pair), pair, { state: failing }));
    }
    for (const { result, warnings } of reports.slice(1)) {
      assert.equal(result, "ok");
      assert.deepEqual(warnings, [`remembered state of ${pair.source.host}/app: the disk is full`]);
    }
    assert.deepEqual(reports.slice(1).map(countRemembered), [0, 0]);
  });
}

test("a store that does not answer stops no run", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const hang = (): Promise<never> => new Promise(() => {});
  const { timeout } = AbortSignal;
  const limits: number[] = [];
  AbortSignal.timeout = (milliseconds) => {
    limits.push(milliseconds);
    return AbortSignal.abort(new DOMException("the store did not answer", "TimeoutError"));
  };
  try {
    const report = await run(appRule(pair), pair, { state: { read: hang, write: hang } });
    assert.equal(report.result, "ok");
    const warning = `remembered state of ${pair.source.host}/app: the store did not answer`;
    assert.deepEqual(report.warnings, [warning]);
    assert.deepEqual(limits, [30_000, 30_000]);
  } finally {
    AbortSignal.timeout = timeout;
  }
});

/** The digests that a state has, and those of the target. */
function digestsOf(
  state: MemoryStore,
  { destination }: Pair,
  tags: string[],
): [unknown[], unknown[]] {
  const { known } = JSON.parse(textOf(state)) as { known: [string, string][] };
  return [
    known.map(([, digest]) => digest),
    tags.map((tag) => destination.getManifest("app", tag)?.digest),
  ];
}

test("a run that begins during another one does not trust the state", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  await putImage(pair.source, "app", { tag: "2", seed: 9 });
  let second: Promise<RuleReport> | undefined;
  const emit = ({ type }: SyncEvent): void => {
    if (type === "tag-ended") second ??= run(appRule(pair), pair, { state });
  };
  const first = await run(appRule(pair), pair, { state, emit });
  assert.deepEqual([first, await second].map((report) => report && countRemembered(report)), [
    1,
    0,
  ]);
  const [known, present] = digestsOf(state, pair, ["1", "2"]);
  assert.deepEqual(known, present);
});

test("two runs that begin at once leave a state that is right", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  await putImage(pair.source, "app", { tag: "2", seed: 9 });
  const reports = await Promise.all([1, 2].map(() => run(appRule(pair), pair, { state })));
  assert.deepEqual(reports.map(({ result }) => result), ["ok", "ok"]);
  const [known, present] = digestsOf(state, pair, ["1", "2"]);
  assert.deepEqual(known, present);
});

test("two rules with the same source and target have a state each", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3", "4");
  const state = memoryStore();
  const rules = ["'1', '2'", "'3', '4'"].map((tags, i) =>
    appRule(pair, `, name: rule${i}, tags: {allow: [${tags}]}`)
  );
  for (const rule of rules) await run(rule, pair, { state });
  for (const rule of rules) {
    assert.equal(countRemembered(await run(rule, pair, { state })), 2);
  }
});

test("a state has at most 1 MiB: further images are not remembered", async () => {
  await using pair = await startPair();
  const state = memoryStore();
  const rule = appRule(pair);
  const context = openRuleContext(rule, { ...pair, rules: [rule], now: () => NOW, state });
  const digest: Digest = `sha256:${"0".repeat(64)}`;
  const known = Array.from(
    { length: 10_000 },
    (_, i): [string, Digest] => [`registry.example/${"a".repeat(60)}:${i}`, digest],
  );
  const repository = `${pair.source.host}/app`;
  await performRuleStep({ type: "remember", repository, runs: 0, known }, context);
  const { length } = textOf(state);
  assert.ok(length > 1_040_000 && length < 1_060_000, `${length} characters`);
  const kept = tagsIn(state).map(Number).sort((a, b) => a - b);
  assert.deepEqual(kept, known.slice(0, kept.length).map((_, i) => i));
});

test("tags with the names of properties are remembered", async () => {
  await using pair = await startPair();
  const tags = ["__proto__", "constructor", "toString"];
  await putTags(pair, ...tags);
  const state = memoryStore();
  await run(appRule(pair), pair, { state });
  assert.equal(countRemembered(await run(appRule(pair), pair, { state })), 3);
});
