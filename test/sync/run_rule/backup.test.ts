import assert from "node:assert/strict";
import { test } from "node:test";
import { startPair } from "../../support/pair.ts";
import { putImage, putReferrer } from "../../support/image.ts";
import { appRule, clear, putTags, resultsOf, run } from "./setup.ts";

test("runRule() backs up the image that it overwrites", async () => {
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
  test(`runRule() backs up an image ${what} the referrers that are stored ${where}`, async () => {
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

test("runRule() copies although the backup fails", async () => {
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
  test(`runRule() overwrites nothing if the backup ${template} has no valid name`, async () => {
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

test("runRule() reads the files in a backup template", async () => {
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

test("runRule() requests no referrers of a backup that exists", async () => {
  await using pair = await startPair();
  const { source, destination } = pair;
  const { descriptor: { digest } } = await putImage(destination, "app", { tag: "1" });
  destination.setTag("app", "old", digest);
  const after = await putImage(source, "app", { tag: "1", seed: 2 });
  const rule = appRule(pair, ", backup: old, referrers: true, digestTags: true");
  const report = await run(rule, pair);
  assert.deepEqual([resultsOf(report), report.warnings], [["app:1 copied"], []]);
  assert.equal(destination.getManifest("app", "1")?.digest, after.descriptor.digest);
  assert.equal(destination.getManifest("app", "old")?.digest, digest);
  // A HEAD request for each name is enough to compare the backup.
  const asked = destination.requests.map(({ method, path }) => `${method} ${path}`)
    .filter((line) => line.includes(digest) || line.endsWith("/old"));
  assert.deepEqual(asked.sort(), [
    "HEAD /v2/app/manifests/old",
    `HEAD /v2/app/manifests/${digest}`,
  ]);
  assert.equal(destination.count({ path: "/tags/list" }), 0);
  assert.equal(destination.count({ path: "/referrers/" }), 0);
});
