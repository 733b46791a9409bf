import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import { createSyncEngine } from "../../src/sync/sync_engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { localSteps, runRuleLocally } from "../../src/sync/local_rules.ts";
import { openRuleContext } from "../../src/sync/rule_context.ts";
import { runRule } from "../../src/sync/run_rule.ts";
import type { RuleContextOptions } from "../../src/sync/rule_context.ts";
import type { RunRuleOptions } from "../../src/sync/run_rule.ts";
import type { RuleReport, SyncEvent } from "../../src/sync/model.ts";
import { statusOfRule } from "../../src/sync/rule_status.ts";
import { Slots } from "../../src/sync/slots.ts";
import type { SyncRule } from "../../src/sync/rule.ts";
import { startPair } from "../copy/setup.ts";
import type { Pair } from "../copy/setup.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { NOW, ruleOf } from "./setup.ts";

const WRITES = ["POST", "PUT", "PATCH", "DELETE"];

function run(
  rule: SyncRule,
  { engine }: Pick<Pair, "engine">,
  options: Partial<RuleContextOptions & RunRuleOptions> = {},
): Promise<RuleReport> {
  return runRuleLocally(rule, { engine, rules: [rule], now: () => NOW, ...options });
}

/** A rule about `app`, with more in its entry. */
function appRule({ source, destination }: Pair, more = ""): SyncRule {
  return ruleOf(
    `{type: repository, source: "${source.host}/app", target: "${destination.host}/app"${more}}`,
  );
}

/** `tag result`, an image a line. */
function resultsOf({ tags }: RuleReport): string[] {
  return tags.map(({ destination, result }) => `${destination.replace(/^[^/]*\//, "")} ${result}`);
}

async function putTags({ source }: Pick<Pair, "source">, ...tags: string[]): Promise<void> {
  for (const [i, tag] of tags.entries()) await putImage(source, "app", { tag, seed: i + 1 });
}

function clear({ source, destination }: Pair): void {
  source.clearRequests();
  destination.clearRequests();
}

function writesOf({ destination }: Pair): number {
  return WRITES.reduce((sum, method) => sum + destination.count({ method }), 0);
}

test("runRule() copies each tag, and then asks for nothing but a HEAD a side and the list", async () => {
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

test("runRule() counts the requests that either side has seen", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const { requests } = await run(appRule(pair), pair);
  const { source, destination } = pair;
  assert.deepEqual(requests, { source: source.count(), destination: destination.count() });
});

test("runRule() asks nothing twice of a tag that has changed", async () => {
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

test("runRule() goes on where one tag fails", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  pair.source.fail({ path: "/manifests/2", action: { status: 403 }, times: 9 });
  const report = await run(appRule(pair), pair);
  assert.deepEqual(resultsOf(report), ["app:1 copied", "app:2 failed", "app:3 copied"]);
  assert.equal(report.result, "some-failed");
  const { code, side } = report.tags[1]?.error ?? {};
  assert.deepEqual({ code, side }, { code: "denied", side: "source" });
});

test("runRule() says for each target that a repository could not be listed", async () => {
  await using pair = await startPair();
  const report = await run(appRule(pair), pair);
  assert.equal(report.result, "all-failed");
  assert.deepEqual(resultsOf(report), ["app failed"]);
  assert.equal(report.tags[0]?.error?.code, "not_found");
});

test("runRule() of a registry without a catalog has that in its report", async () => {
  await using pair = await startPair({ source: { catalog: false } });
  const { source, destination } = pair;
  const rule = ruleOf(
    `{type: registry, source: "${source.host}", target: "${destination.host}"}`,
  );
  const report = await run(rule, pair);
  assert.equal(report.result, "all-failed");
  assert.equal(report.tags[0]?.error?.code, "unsupported");
});

test("runRule() does not take a tag that the rule names and nobody has for a failure", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const report = await run(appRule(pair, ", tags: {allow: ['1', nightly]}"), pair);
  assert.deepEqual(resultsOf(report), ["app:1 copied", "app:nightly missing"]);
  assert.equal(report.result, "ok");
});

test("runRule() copies to several targets and reads manifests once, and blobs for each registry", async () => {
  await using pair = await startPair();
  await using second = await startRegistry();
  await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  const { source, destination } = pair;
  const rule = ruleOf(
    `{type: repository, source: "${source.host}/app", targets: ["${destination.host}/a", "${second.host}/b"]}`,
  );
  const report = await run(rule, pair);
  assert.deepEqual(resultsOf(report), ["a:1 copied", "b:1 copied"]);
  assert.equal(source.count({ method: "HEAD" }), 1);
  assert.equal(source.count({ method: "GET", path: "/manifests/" }), 3);
  const blobs = new Set(report.tags.map(({ report }) => report?.blobs.streamed));
  assert.deepEqual(blobs, new Set([source.count({ method: "GET", path: "/blobs/" }) / 2]));
  assert.ok(second.getManifest("b", "1"));
});

test("runRule() fails at one target and copies to the other", async () => {
  await using pair = await startPair();
  await using second = await startRegistry();
  await putTags(pair, "1");
  const { source, destination } = pair;
  second.fail({ method: "PUT", path: "/manifests/", action: { status: 403 }, times: 9 });
  const rule = ruleOf(
    `{type: image, source: "${source.host}/app:1", targets: ["${second.host}/b:1", "${destination.host}/a:1"]}`,
  );
  const report = await run(rule, pair);
  assert.deepEqual(resultsOf(report), ["b:1 failed", "a:1 copied"]);
  assert.equal(report.result, "some-failed");
});

test("runRule() of a dry run writes nothing and says what it would copy", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  await run(appRule(pair, ", tags: {allow: ['1']}"), pair);
  clear(pair);
  const report = await run(appRule(pair), pair, { dryRun: true });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 would-copy"]);
  assert.equal(report.tags[1]?.digest, pair.source.getManifest("app", "2")?.digest);
  assert.equal(writesOf(pair), 0);
});

test("runRule() with missing copies only what a target lacks", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  await run(appRule(pair, ", tags: {allow: ['1', '2']}"), pair);
  const before = pair.destination.getManifest("app", "2")?.digest;
  await putImage(pair.source, "app", { tag: "2", seed: 9 });
  const report = await run(appRule(pair), pair, { missing: true });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 skipped", "app:3 copied"]);
  assert.equal(pair.destination.getManifest("app", "2")?.digest, before);
});

for (const [ifExists, result] of [["skip", "skipped"], ["fail", "failed"]] as const) {
  for (const dryRun of [false, true]) {
    test(`runRule() with ifExists ${ifExists} leaves another image alone, dry run: ${dryRun}`, async () => {
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

test("runRule() leaves out media types that the rule does not want, and what is too fresh", async () => {
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

test("runRule() brings referrers and digest tags after an image that is in step, unless it is to check fast", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const more = ", referrers: true, digestTags: true";
  await run(appRule(pair, more), pair);
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  await putReferrer(pair.source, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  await putCosignSignature(pair.source, "app", descriptor.digest);
  const fast = await run(appRule(pair, `${more}, tags: {allow: ['1']}, fastCheck: true`), pair);
  assert.deepEqual(resultsOf(fast), ["app:1 unchanged"]);
  const dry = await run(appRule(pair, `${more}, tags: {allow: ['1']}`), pair, { dryRun: true });
  assert.deepEqual(resultsOf(dry), ["app:1 would-copy"]);
  const full = await run(appRule(pair, `${more}, tags: {allow: ['1']}`), pair);
  assert.deepEqual(resultsOf(full), ["app:1 copied"]);
  assert.equal(full.tags[0]?.report?.referrers, 2);
  const again = await run(appRule(pair, `${more}, tags: {allow: ['1']}`), pair);
  assert.deepEqual(resultsOf(again), ["app:1 unchanged"]);
});

test("runRule() goes through an image that is in step where forceRecursive says so, whatever fastCheck says", async () => {
  await using pair = await startPair();
  await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  await run(appRule(pair), pair);
  clear(pair);
  await run(appRule(pair, ", fastCheck: true, forceRecursive: true"), pair);
  assert.ok(pair.source.count({ method: "GET", path: "/manifests/" }) > 0);
});

for (const [api, where] of [[true, "/referrers/"], [false, "/manifests/sha256-"]] as const) {
  const source = api ? "with the API of referrers" : "without it";
  test(`runRule() asks a source ${source} about an index that is in step and each image of it`, async () => {
    await using pair = await startPair({ source: { referrers: api } });
    await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
    const rule = appRule(pair, ", referrers: true");
    await run(rule, pair);
    clear(pair);
    const { requests } = await run(rule, pair);
    assert.equal(pair.source.count({ method: "GET", path: where }), 3);
    assert.deepEqual(requests, { source: 5, destination: 2 });
    const plain = await run(appRule(pair), pair);
    const fast = await run(appRule(pair, ", referrers: true, fastCheck: true"), pair);
    assert.deepEqual([plain.requests, fast.requests], [
      { source: 2, destination: 1 },
      { source: 2, destination: 1 },
    ]);
  });
}

test("runRule() takes referrers from another repository to another, for each target, and no others", async () => {
  await using pair = await startPair();
  const { source: { host }, destination } = pair;
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const options = { artifactType: "application/spdx+json", payload: "{}" };
  const beside = await putReferrer(pair.source, "app", descriptor, { ...options, payload: "" });
  const rule = ruleOf(
    `{type: repository, source: "${host}/app", referrers: true, referrerSource: "${host}/signed", ` +
      `targets: ["${destination.host}/a", "${destination.host}/b"], referrerTarget: "${destination.host}/kept"}`,
  );
  assert.deepEqual(resultsOf(await run(rule, pair)), ["a:1 copied", "b:1 copied"]);
  assert.deepEqual(resultsOf(await run(rule, pair)), ["a:1 unchanged", "b:1 unchanged"]);
  const referrer = await putReferrer(pair.source, "signed", descriptor, options);
  const dry = await run(rule, pair, { dryRun: true });
  assert.deepEqual(resultsOf(dry), ["a:1 would-copy", "b:1 would-copy"]);
  const report = await run(rule, pair);
  assert.equal(report.result, "ok");
  for (const name of ["a", "b", "kept"]) {
    const has = destination.getManifest(name, referrer.descriptor.digest) !== undefined;
    assert.equal(has, name === "kept");
    assert.equal(destination.getManifest(name, beside.descriptor.digest), undefined);
  }
  assert.deepEqual(resultsOf(await run(rule, pair)), ["a:1 unchanged", "b:1 unchanged"]);
});

test("runRule() of one platform compares what takes the index's place", async () => {
  await using pair = await startPair();
  await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  const rule = appRule(pair, ", platform: linux/arm64");
  assert.deepEqual(resultsOf(await run(rule, pair)), ["app:1 copied"]);
  clear(pair);
  assert.deepEqual(resultsOf(await run(rule, pair)), ["app:1 unchanged"]);
  assert.equal(writesOf(pair), 0);
  assert.equal(pair.source.count({ method: "GET", path: "/manifests/" }), 1, "the index alone");
});

test("runRule() mounts what the run has put into another repository of the same registry", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  for (const name of ["a", "b", "c"]) await putImage(source, name, { tag: "1", layers: 3 });
  const rule = ruleOf(
    `{type: registry, source: "${source.host}", target: "${destination.host}", tags: {allow: ['1']}}`,
  );
  const report = await run(rule, pair, { slots: new Slots(1) });
  assert.deepEqual(resultsOf(report), ["a:1 copied", "b:1 copied", "c:1 copied"]);
  assert.deepEqual(
    report.tags.map(({ report }) => [report?.blobs.streamed, report?.blobs.mounted]),
    [[4, 0], [0, 4], [0, 4]],
  );
  assert.equal(source.count({ method: "GET", path: "/blobs/" }), 4);
});

test("runRule() gives mounts up where the registry mounts nothing", async () => {
  await using pair = await startPair({ destination: { crossMount: false } });
  const { source, destination } = pair;
  for (const name of ["a", "b", "c"]) await putImage(source, name, { tag: "1", layers: 5 });
  const rule = ruleOf(
    `{type: registry, source: "${source.host}", target: "${destination.host}", tags: {allow: ['1']}}`,
  );
  await run(rule, pair, { slots: new Slots(1) });
  const mounts = destination.requests.filter(({ query, path }) =>
    query.has("from") && !path.includes(`/${query.get("from")}/`)
  );
  assert.equal(mounts.length, 6);
  assert.ok(destination.getManifest("c", "1"));
});

test("runRule() saves what it overwrites", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const rule = appRule(pair, ", backup: 'old-{{.Ref.Tag}}'");
  await run(rule, pair);
  assert.deepEqual(pair.destination.tags("app"), ["1"]);
  const before = pair.destination.getManifest("app", "1")?.digest;
  await putImage(pair.source, "app", { tag: "1", seed: 9 });
  const report = await run(rule, pair);
  assert.deepEqual(resultsOf(report), ["app:1 copied"]);
  assert.equal(pair.destination.getManifest("app", "old-1")?.digest, before);
  assert.notEqual(pair.destination.getManifest("app", "1")?.digest, before);
  assert.deepEqual(report.warnings, []);
});

for (const [what, keeps] of [["without", true], ["with", false]] as const) {
  const where = keeps ? "in a repository of its own" : "beside it";
  test(`runRule() saves an image ${what} what refers to it and is kept ${where}`, async () => {
    await using pair = await startPair();
    const { host } = pair.destination;
    const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
    const options = { artifactType: "application/spdx+json", payload: "{}" };
    const { descriptor: referrer } = await putReferrer(pair.source, "signed", descriptor, options);
    const kept = keeps ? `, referrerTarget: "${host}/kept"` : "";
    const rule = appRule(
      pair,
      `, backup: '${host}/old:{{.Ref.Tag}}', referrers: true, referrerSource: "${pair.source.host}/signed"${kept}`,
    );
    await run(rule, pair);
    await putImage(pair.source, "app", { tag: "1", seed: 9 });
    const report = await run(rule, pair);
    assert.deepEqual([resultsOf(report), report.warnings], [["app:1 copied"], []]);
    assert.equal(pair.destination.getManifest("old", "1")?.digest, descriptor.digest);
    const isSaved = pair.destination.getManifest("old", referrer.digest) !== undefined;
    assert.equal(isSaved, !keeps);
  });
}

test("runRule() copies all the same where it cannot save what it overwrites", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const rule = appRule(pair, ", backup: 'old-{{.Ref.Tag}}'");
  await run(rule, pair);
  await putImage(pair.source, "app", { tag: "1", seed: 9 });
  pair.destination.fail({ method: "PUT", path: "/old-1", action: { status: 403 } });
  const report = await run(rule, pair);
  assert.deepEqual(resultsOf(report), ["app:1 copied"]);
  assert.equal(report.result, "ok");
  assert.match(report.warnings[0] ?? "", /^back up .*app:1: upload manifest .*403/);
});

const NO_BACKUPS: [template: string, message: RegExp][] = [
  ["no tag of {{ .Ref.Tag }}", /^back up .*app:1: "no tag of 1" is not a tag or a reference/],
  ["a/b/UPPER:{{ .Ref.Tag }}", /a\/b\/UPPER:1/],
  [
    "{{ index (split .Ref.Tag `-`) 3 }}",
    /^back up .*app:1: template, character 4: index: expected an index below 1/,
  ],
  ["{{ file `/run/team` }}", /file: this host has no files/],
];
for (const [template, message] of NO_BACKUPS) {
  test(`runRule() overwrites nothing where the backup ${template} has no name`, async () => {
    await using pair = await startPair();
    await putTags(pair, "1");
    const rule = appRule(pair, `, backup: '${template}'`);
    await run(rule, pair);
    const before = pair.destination.getManifest("app", "1")?.digest;
    await putTags(pair, "2");
    await putImage(pair.source, "app", { tag: "1", seed: 9 });
    clear(pair);
    const report = await run(rule, pair);
    assert.deepEqual(resultsOf(report), ["app:1 failed", "app:2 copied"]);
    assert.equal(report.result, "some-failed");
    assert.match(report.tags[0]?.error?.message ?? "", message);
    assert.deepEqual(report.warnings, []);
    assert.equal(pair.destination.getManifest("app", "1")?.digest, before);
  });
}

test("runRule() reads the files that a backup names", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const rule = appRule(pair, ", backup: '{{ file `/run/team` }}-{{ .Ref.Tag }}'");
  await run(rule, pair);
  const before = pair.destination.getManifest("app", "1")?.digest;
  await putImage(pair.source, "app", { tag: "1", seed: 9 });
  const report = await run(rule, pair, {
    readFile: (path) => path === "/run/team" ? "ops\n" : undefined,
  });
  assert.deepEqual([resultsOf(report), report.warnings], [["app:1 copied"], []]);
  assert.equal(pair.destination.getManifest("app", "ops-1")?.digest, before);
});

test("runRule() starts durable copies, pinned to what was found, and makes none itself", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  await run(appRule(pair, ", tags: {allow: ['1']}"), pair);
  clear(pair);
  const started: CopyRequestInput[] = [];
  const report = await run(appRule(pair), pair, {
    startCopy: (request) => Promise.resolve({ id: `copy-${started.push(request)}` }),
  });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 started"]);
  assert.equal(report.tags[1]?.id, "copy-1");
  const digest = pair.source.getManifest("app", "2")?.digest;
  assert.equal(started[0]?.source, `${pair.source.host}/app:2@${digest}`);
  assert.equal(started[0]?.destination, `${pair.destination.host}/app:2`);
  assert.equal(writesOf(pair), 0);
});

/** Runs a rule that starts durable copies, some of which a page before has started. */
async function runStarting(
  rule: SyncRule,
  { engine }: Pair,
  startedPulls = 0,
): Promise<{ report: RuleReport; startedPulls: number }> {
  const now = (): number => NOW;
  const startCopy = (): Promise<{ id: string }> => Promise.resolve({ id: "a" });
  const context = openRuleContext(rule, { engine, rules: [rule], now, startCopy });
  context.pulls.started = startedPulls;
  const report = await runRule(rule, localSteps(context), { now });
  return { report, startedPulls: context.pulls.started };
}

test("runRule() starts no more durable copies than may pull, those started before among them", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3", "4", "5", "6", "7", "8");
  tellPulls(pair, () => 26);
  const rule = appRule(pair, ", ratelimit: {min: 20}");
  for (const [before, may] of [[0, 6], [4, 2], [6, 0]] as const) {
    const { report, startedPulls } = await runStarting(rule, pair, before);
    assert.equal(report.result, "postponed");
    assert.equal(report.tags.filter(({ result }) => result === "started").length, may);
    assert.equal(startedPulls, before + may);
  }
});

test("runRule() counts each manifest of an index that a durable copy is going to read", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64"];
  for (let i = 1; i <= 8; i++) {
    await putIndex(pair.source, "app", { tag: `${i}`, platforms, attestations: true, seed: i });
  }
  const pulls = countPulls(pair, 45);
  const rule = appRule(pair, ", ratelimit: {min: 20}");
  const { report, startedPulls } = await runStarting(rule, pair);
  assert.equal(report.result, "postponed");
  const { length } = report.tags.filter(({ result }) => result === "started");
  assert.ok(length > 0);
  assert.equal(startedPulls, length * 5);
  assert.ok(pulls.left - startedPulls >= 20, `${pulls.left - startedPulls} are going to be left`);
});

test("runRule() looks at nothing but what an event told of", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  const only = { repository: `${pair.source.host}/app`, tag: "2" };
  assert.deepEqual(resultsOf(await run(appRule(pair), pair, { only })), ["app:2 copied"]);
  assert.equal(pair.source.count({ path: "/tags/list" }), 0);
});

/** Has the source say with each manifest how many pulls are left. */
function tellPulls({ source }: Pair, left: () => number): void {
  source.clearFaults();
  source.fail({
    path: "/manifests/",
    times: 1000,
    action: {
      tamper: (response) => {
        response.headers.set("ratelimit-limit", "100;w=21600");
        response.headers.set("ratelimit-remaining", `${left()};w=21600`);
        return response;
      },
    },
  });
}

/** Has the source count manifests that are read, as Docker Hub does. */
function countPulls(pair: Pair, start: number): { readonly left: number } {
  const before = pair.source.count({ method: "GET", path: "/manifests/" });
  const count = (): number =>
    start + before - pair.source.count({ method: "GET", path: "/manifests/" });
  tellPulls(pair, count);
  return {
    get left(): number {
      return count();
    },
  };
}

test("runRule() is postponed where a copy would leave fewer pulls than the floor", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const tell = (left: number): void => tellPulls(pair, () => left);
  const rule = appRule(pair, ", ratelimit: {min: 50, retry: 30m}");
  tell(50);
  const report = await run(rule, pair, { slots: new Slots(1) });
  assert.equal(report.result, "postponed");
  assert.equal(report.postponedUntil, NOW + 30 * 60_000);
  assert.deepEqual(resultsOf(report), ["app:1 postponed", "app:2 postponed", "app:3 postponed"]);
  assert.equal(pair.source.count({ method: "HEAD" }), 1);
  assert.equal(writesOf(pair), 0);
  assert.match(report.warnings[0] ?? "", /50 pulls remaining, 1 needed/);
  tell(51);
  const enough = await run(rule, pair, { slots: new Slots(1) });
  assert.equal(enough.result, "ok");
  tell(0);
  const unchanged = await run(rule, pair);
  assert.equal(unchanged.result, "ok", "nothing to copy is no reason to wait");
});

test("runRule() does not wait where nobody tells of a limit", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const report = await run(appRule(pair, ", ratelimit: {min: 50}"), pair);
  assert.deepEqual(resultsOf(report), ["app:1 copied"]);
});

test("runRule() is postponed for as long as the registry asks", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2");
  pair.source.fail({
    path: "/manifests/1",
    times: 9,
    action: { status: 429, headers: { "retry-after": "7200" } },
  });
  const report = await run(appRule(pair), pair, { slots: new Slots(1) });
  assert.equal(report.result, "postponed");
  assert.deepEqual(resultsOf(report), ["app:1 postponed", "app:2 postponed"]);
  assert.equal(report.postponedUntil, NOW + 7_200_000);
  assert.equal(pair.source.count({ path: "/manifests/" }), 1);
});

test("runRule() reads no manifest of an index that would leave fewer pulls than the floor", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/s390x"];
  for (let i = 1; i <= 8; i++) {
    await putIndex(pair.source, "app", { tag: `${i}`, platforms, attestations: true, seed: i });
  }
  const pulls = countPulls(pair, 40);
  const report = await run(appRule(pair, ", ratelimit: {min: 20}"), pair);
  assert.equal(report.result, "postponed");
  assert.equal(report.postponedUntil, NOW + 5 * 60_000);
  assert.ok(pulls.left >= 20, `${pulls.left} are left`);
  const results = new Set(report.tags.map(({ result }) => result));
  assert.deepEqual([...results].sort().filter((result) => result !== "copied"), ["postponed"]);
  const copied = report.tags.filter(({ result }) => result === "copied").length;
  assert.equal(pair.destination.tags("app").length, copied);
  assert.ok(copied > 0, "what does not fit is not begun, and leaves the others enough");
});

test("runRule() reads no manifest past the floor for what a comparison needs", async () => {
  await using pair = await startPair();
  const platforms = ["linux/amd64", "linux/arm64"];
  for (let i = 1; i <= 8; i++) {
    await putIndex(pair.source, "app", { tag: `${i}`, platforms, seed: i });
  }
  const rule = appRule(pair, ", platforms: [linux/amd64], index: rebuild, ratelimit: {min: 20}");
  await run(rule, pair);
  const pulls = countPulls(pair, 23);
  const report = await run(rule, pair, { dryRun: true });
  assert.equal(report.result, "postponed");
  assert.ok(pulls.left >= 20, `${pulls.left} are left`);
});

for (const more of ["minAge: 24h", "tags: {latest: 3, by: created}"]) {
  test(`runRule() asks for no date past the floor, and for those of an image once: ${more}`, async () => {
    await using pair = await startPair();
    const platforms = ["linux/amd64", "linux/arm64"];
    for (let i = 1; i <= 20; i++) {
      await putIndex(pair.source, "app", { tag: `${i}`, platforms, seed: i });
    }
    const rule = appRule(pair, `, ${more}, ratelimit: {min: 20}`);
    const pulls = countPulls(pair, 35);
    const report = await run(rule, pair, { dryRun: true });
    assert.equal(report.result, "postponed");
    assert.deepEqual(resultsOf(report), ["app postponed"]);
    assert.ok(pulls.left >= 20, `${pulls.left} are left`);
    const status = await statusOfRule(rule, { engine: pair.engine, now: () => NOW });
    assert.equal(status.state, "error");
    assert.equal(status.tags[0]?.error?.code, "rate_limited");
    assert.ok(pulls.left >= 20, `${pulls.left} are left`);
    countPulls(pair, 1000);
    await run(rule, pair, { dryRun: true });
    const { length } = pair.source.requests.filter(({ method, path }) =>
      method === "GET" && path.includes("/manifests/")
    );
    assert.ok(length <= 40 + 8, `${length} manifests were read for 20 dates`);
    pair.source.clearRequests();
    await run(rule, pair, { dryRun: true });
    assert.equal(pair.source.count({ method: "GET", path: "/manifests/" }), 0);
  });
}

test("runRule() is postponed by a 429 of the source without a time", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  for (const [more, minutes] of [["", 5], [", ratelimit: {retry: 30m}", 30]] as const) {
    pair.source.clearFaults();
    pair.source.fail({ path: "/manifests/1", times: 9, action: { status: 429 } });
    const report = await run(appRule(pair, more), pair, { slots: new Slots(1) });
    assert.equal(report.result, "postponed");
    assert.deepEqual(resultsOf(report), ["app:1 postponed", "app:2 postponed", "app:3 postponed"]);
    assert.equal(report.postponedUntil, NOW + minutes * 60_000);
    assert.match(report.warnings[0] ?? "", /429.*: the run is postponed/);
  }
});

test("runRule() is not postponed by a 429 of a target without a time", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  pair.destination.fail({ path: "/manifests/1", times: 9, action: { status: 429 } });
  assert.equal((await run(appRule(pair), pair)).result, "all-failed");
});

test("runRule() keeps to its slots", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3", "4", "5", "6");
  let running = 0;
  let most = 0;
  const emit = (event: SyncEvent): void => {
    if (event.type === "copy" && event.event.type === "plan") most = Math.max(most, ++running);
    if (event.type === "copy" && event.event.type === "report") running -= 1;
  };
  await run(appRule(pair), pair, { emit, slots: new Slots(2) });
  assert.equal(most, 2);
});

test("runRule() tells what happens, the engine's events under their names", async () => {
  await using pair = await startPair();
  await putTags(pair, "1");
  const events: SyncEvent[] = [];
  const rule = appRule(pair);
  const report = await run(rule, pair, { emit: (event) => events.push(event) });
  assert.deepEqual(events[0], { type: "rule-started", rule: rule.name });
  assert.deepEqual(events.at(-1), { type: "rule-ended", report });
  const ended = events.filter(({ type }) => type === "tag-ended");
  assert.deepEqual(ended, [{ type: "tag-ended", rule: rule.name, tag: report.tags[0] }]);
  const copies = events.filter((event) => event.type === "copy");
  assert.deepEqual(
    [...new Set(copies.map(({ source, destination }) => `${source} ${destination}`))],
    [`${pair.source.host}/app:1 ${pair.destination.host}/app:1`],
  );
  assert.equal(copies.at(-1)?.event.type, "report");
  assert.deepEqual(JSON.parse(JSON.stringify(events)), events);
});

test("runRule() stops when it is told to", async () => {
  await using pair = await startPair();
  await putTags(pair, "1", "2", "3");
  const stop = new AbortController();
  const reason = new Error("enough");
  const emit = (event: SyncEvent): void => {
    if (event.type === "tag-ended") stop.abort(reason);
  };
  const running = run(appRule(pair), pair, { emit, signal: stop.signal, slots: new Slots(1) });
  await assert.rejects(running, reason);
  assert.deepEqual(pair.destination.tags("app"), ["1"]);
});

test("runRule() asks for tokens that may write only where it writes, and delete only where it deletes", async () => {
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
