import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocalRunner } from "../../../src/sync/local_rules.ts";
import { runRules } from "../../../src/sync/run_rules.ts";
import type { SyncRule } from "../../../src/sync/rule.ts";
import { Slots } from "../../../src/copy/slots.ts";
import { putImage, putReferrer } from "../../support/image.ts";
import { startPair } from "../../support/pair.ts";
import { startRegistry } from "../../support/registry.ts";
import type { FaultRule } from "../../support/registry_faults.ts";
import type { Pair } from "../../support/pair.ts";
import { NOW, ruleOf } from "../setup.ts";
import { appRule, clear, resultsOf, run, writesOf } from "./setup.ts";

const MIB = 1024 * 1024;
const TAGS = ["1", "2", "3", "4", "5", "6", "7", "8"];

/** Puts images with different manifests and the same four blobs. */
async function putFamily({ source }: Pair, repository: string): Promise<void> {
  for (const tag of TAGS) {
    await putImage(source, repository, { tag, layers: 3, annotations: { tag, repository } });
  }
}

/** The number of uploads that were finished, mounts, and requests in all. */
function sentTo({ destination }: Pair): { uploads: number; mounts: number; requests: number } {
  const posts = destination.requests.filter(({ method }) => method === "POST");
  return {
    uploads: destination.count({ method: "PUT", path: "/blobs/uploads/" }),
    mounts: posts.filter(({ status }) => status === 201).length,
    requests: destination.requests.length,
  };
}

for (const count of [1, 8]) {
  test(`runRules() uploads each blob once in a run of three rules with ${count} images at once`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const names = ["a", "b", "c"];
    for (const name of names) await putFamily(pair, name);
    const rules = names.map((name) =>
      ruleOf(
        `{type: repository, source: "${source.host}/${name}", target: "${destination.host}/${name}"}`,
      )
    );
    const runner = createLocalRunner({ engine, rules, now: () => NOW, slots: new Slots(count) });
    const { result } = await runRules(rules, runner, { now: () => NOW });
    assert.equal(result, "ok");
    for (const name of names) {
      for (const tag of TAGS) assert.ok(destination.getManifest(name, tag), `${name}:${tag}`);
    }
    // For each of 24 tags a PUT, for each of three repositories a HEAD and a list, for each blob two requests and two mounts.
    assert.deepEqual(sentTo(pair), { uploads: 4, mounts: 8, requests: 24 + 3 * 2 + 4 * 2 + 8 });
    assert.equal(source.count({ method: "GET", path: "/blobs/" }), 4);
  });

  test(`runRule() uploads each blob once to a registry with ${count} repositories at once`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    for (const name of ["a", "b", "c"]) await putFamily(pair, name);
    const rule = ruleOf(
      `{type: registry, source: "${source.host}", target: "${destination.host}", tags: {allow: ['.*']}}`,
    );
    const report = await run(rule, pair, { slots: new Slots(count) });
    assert.equal(report.result, "ok");
    assert.deepEqual(sentTo(pair), { uploads: 4, mounts: 8, requests: 24 + 3 * 2 + 4 * 2 + 8 });
  });

  test(`runRule() puts one manifest for a further tag of an image, with ${count} images at once`, async () => {
    await using pair = await startPair();
    const { source, destination } = pair;
    for (const tag of TAGS) {
      const { descriptor } = await putImage(source, "app", { tag });
      if (tag === "1") {
        const options = { artifactType: "application/spdx+json", payload: "{}" };
        await putReferrer(source, "app", descriptor, options);
      }
    }
    const rule = appRule(pair, ", referrers: true");
    const report = await run(rule, pair, { slots: new Slots(count) });
    assert.deepEqual(resultsOf(report), TAGS.map((tag) => `app:${tag} copied`));
    assert.equal(source.count({ path: "/manifests/" }), TAGS.length + 1);
    const puts = destination.requests.filter(({ method, path }) =>
      method === "PUT" && path.includes("/manifests/")
    ).map(({ path }) => path.replace(/^.*\//, "").replace(/^sha256:.*/, "digest")).sort();
    assert.deepEqual(puts, [...TAGS, "digest", "digest"]);
  });
}

test("runRule() puts one manifest for a further tag of an image that is in step", async () => {
  await using pair = await startPair();
  const { source } = pair;
  await putImage(source, "app", { tag: "1" });
  await run(appRule(pair), pair);
  await putImage(source, "app", { tag: "2" });
  clear(pair);
  const report = await run(appRule(pair), pair, { slots: new Slots(1) });
  assert.deepEqual(resultsOf(report), ["app:1 unchanged", "app:2 copied"]);
  assert.equal(writesOf(pair), 1);
  assert.equal(source.count({ method: "GET", path: "/blobs/" }), 0);
});

test("runRule() copies the image as a whole if the copy of its first tag failed", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  for (const tag of ["1", "2"]) await putImage(source, "app", { tag });
  destination.fail({ method: "PUT", path: "/manifests/1", action: { status: 403 }, times: 9 });
  const report = await run(appRule(pair), pair);
  assert.deepEqual(resultsOf(report), ["app:1 failed", "app:2 copied"]);
  assert.ok(destination.getManifest("app", "2"));
});

test("runRule() that copies missing tags leaves other tags of the same image alone", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  for (const tag of ["1", "2", "3"]) await putImage(source, "app", { tag });
  const old = await putImage(destination, "app", { tag: "2", seed: 9 });
  const report = await run(appRule(pair), pair, { missing: true });
  assert.deepEqual(resultsOf(report), ["app:1 copied", "app:2 unchanged", "app:3 copied"]);
  assert.equal(destination.getManifest("app", "2")?.digest, old.descriptor.digest);
});

/** A rule that copies `app` to each registry. */
function fanOutRule({ source }: Pair, targets: readonly { host: string }[]): SyncRule {
  const names = targets.map(({ host }) => `"${host}/app"`).join(", ");
  return ruleOf(`{type: repository, source: "${source.host}/app", targets: [${names}]}`);
}

// Below and above the size that is read into memory. Larger ones may take longer than a copy waits for the others.
for (const layerBytes of [1000, 300 * 1024]) {
  test(`runRule() reads each blob once for three registries, with layers of ${layerBytes} bytes`, async () => {
    await using pair = await startPair();
    await using second = await startRegistry({ selfMount: false });
    await using third = await startRegistry({ distributionLike: false });
    const { source, destination } = pair;
    const { layers: [layer] } = await putImage(source, "app", { tag: "1", layers: 20, layerBytes });
    assert.ok(layer);
    const targets = [destination, second, third];
    const report = await run(fanOutRule(pair, targets), pair);
    assert.deepEqual(report.tags.map(({ result }) => result), ["copied", "copied", "copied"]);
    assert.equal(source.count({ method: "GET", path: "/blobs/" }), 21);
    assert.equal(source.count({ method: "GET", path: "/manifests/" }), 1);
    for (const target of targets) {
      assert.ok(target.getManifest("app", "1"));
      assert.equal(target.count({ method: "PUT", path: "/blobs/uploads/", status: 201 }), 21);
    }
  });
}

test("runRule() reads each blob once for the registries that lack it", async () => {
  await using pair = await startPair();
  await using second = await startRegistry();
  await using third = await startRegistry();
  const { source, destination } = pair;
  const image = { layers: 3, layerBytes: 2 * MIB };
  await putImage(source, "app", { ...image, tag: "1", annotations: { new: "true" } });
  await putImage(second, "app", { ...image, tag: "0" });
  const report = await run(fanOutRule(pair, [destination, second, third]), pair);
  assert.equal(report.result, "ok");
  assert.deepEqual(report.tags.map(({ report }) => report?.blobs.streamed), [4, 0, 4]);
  assert.equal(source.count({ method: "GET", path: "/blobs/" }), 4);
});

const failures: [name: string, fault: FaultRule][] = [
  ["refuses all uploads", { method: "POST", action: { status: 403 }, times: 99 }],
  ["refuses a layer", { method: "PUT", path: "/blobs/uploads/", action: { status: 403 } }],
  ["closes the connection", { method: "PUT", action: { dropConnection: true }, times: 99 }],
  ["refuses the manifest", {
    method: "PUT",
    path: "/manifests/",
    action: { status: 403 },
    times: 99,
  }],
];
for (const [name, fault] of failures) {
  test(`runRule() copies to the other registries if one ${name}`, async () => {
    await using pair = await startPair({ engine: { retries: 1 } });
    await using second = await startRegistry();
    await using third = await startRegistry();
    const { source, destination } = pair;
    await putImage(source, "app", { tag: "1", layers: 4, layerBytes: 2 * MIB });
    second.fail(fault);
    const report = await run(fanOutRule(pair, [destination, second, third]), pair);
    for (const target of [destination, third]) assert.ok(target.getManifest("app", "1"));
    assert.deepEqual([report.tags[0]?.result, report.tags[2]?.result], ["copied", "copied"]);
    assert.equal(second.tags("app").length, 0);
  });
}

test("runRule() copies to the other registries if one stops reading, and reads no more of the layer until then", async () => {
  await using pair = await startPair({ engine: { retries: 0, timeoutMs: 3000 } });
  await using second = await startRegistry();
  const { source, destination } = pair;
  const { layers: [layer] } = await putImage(source, "app", {
    tag: "1",
    layers: 1,
    layerBytes: 64 * MIB,
  });
  assert.ok(layer);
  // After the config, and the byte under a wrong digest.
  const action = { hang: true } as const;
  second.fail({ method: "PUT", path: "/blobs/uploads/", after: 2, action, times: 9 });
  const running = run(fanOutRule(pair, [destination, second]), pair);
  const isSilent = (): boolean =>
    second.requests.some(({ method, status }) => method === "PUT" && status === 0);
  const receivedBytes = (): number =>
    Math.max(0, ...destination.requests.map(({ requestBytes }) => requestBytes));
  // What one registry has received beyond the other until nothing moves is held by this process, or by sockets.
  let held = -1;
  for (let unchanged = 0; unchanged < 20; unchanged++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!isSilent() || receivedBytes() < MIB || receivedBytes() !== held) unchanged = 0;
    held = receivedBytes();
  }
  const report = await running;
  assert.ok(held < 24 * MIB, `${held} bytes`);
  assert.deepEqual(report.tags.map(({ result }) => result), ["copied", "failed"]);
  assert.ok(destination.getManifest("app", "1"));
});
