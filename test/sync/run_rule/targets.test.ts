import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyRequestInput } from "../../../src/copy/request.ts";
import { Slots } from "../../../src/copy/slots.ts";
import { startPair } from "../../support/pair.ts";
import { putImage, putIndex, putReferrer } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import { ruleOf } from "../setup.ts";
import { appRule, clear, putTags, resultsOf, run, writesOf } from "./setup.ts";

test("runRule() of several targets reads manifests and blobs once", async () => {
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
  assert.deepEqual(blobs, new Set([source.count({ method: "GET", path: "/blobs/" })]));
  assert.ok(second.getManifest("b", "1"));
});

test("runRule() copies to the second target after the first fails", async () => {
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

test("runRule() copies referrers from one repository to another, for each target, and no others", async () => {
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

test("runRule() mounts blobs that the run has put into another repository of the registry", async () => {
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

test("runRule() stops mounting at a registry that mounts nothing", async () => {
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

test("runRule() starts durable copies by digest, and copies nothing itself", async () => {
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
