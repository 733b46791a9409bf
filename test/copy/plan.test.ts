import assert from "node:assert/strict";
import { test } from "node:test";
import type { Plan } from "../../src/copy/model.ts";
import { digestTag } from "../../src/oci/digest_tag.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";

/** Each stage as its name and the digests of its steps. */
function outline({ stages }: Plan): [string, string[]][] {
  return stages.map(({ name, steps }) => [
    name,
    steps.map((step) => step.type === "referrers" ? step.subject : step.descriptor.digest).sort(),
  ]);
}

test("plan() puts blobs first, then children, their index, referrers, and the tag last", async () => {
  await using pair = await startPair({ destination: { referrers: false } });
  const { source, destination, engine } = pair;
  const inner = await putIndex(source, "app", { platforms: ["linux/amd64"] });
  const [image] = inner.images;
  assert.ok(image);
  const outer = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [inner.descriptor] };
  const root = await source.putManifest("app", outer, OCI_INDEX, ["1"]);
  const artifactType = "application/x.test";
  const payload = "signed";
  const referrer = await putReferrer(source, "app", image.descriptor, { artifactType, payload });
  const deep = await putReferrer(source, "app", referrer.descriptor, { artifactType, payload });
  const tag = digestTag(root.digest, "sbom") ?? "";
  const sbom = await putImage(source, "app", { tag, layers: 0, seed: 5 });
  const plan = await engine.plan(requestOf(pair));
  assert.deepEqual(JSON.parse(JSON.stringify(plan)), plan);
  const [blobs, ...rest] = outline(plan);
  const named = [image, referrer, deep, sbom].flatMap(({ config, layers }) => [config, ...layers]);
  assert.deepEqual(blobs, ["blobs", [...new Set(named.map(({ digest }) => digest))].sort()]);
  assert.deepEqual(rest, [
    ["manifests", [image.descriptor.digest]],
    ["manifests", [inner.descriptor.digest]],
    ["manifests", [root.digest]],
    ["referrers", [referrer.descriptor.digest]],
    ["referrers", [deep.descriptor.digest]],
    ["referrers", [sbom.descriptor.digest]],
    ["referrers", [image.descriptor.digest, referrer.descriptor.digest].sort()],
    ["tag", [root.digest]],
  ]);
  const writes = [...source.requests, ...destination.requests]
    .filter(({ method }) => !/^(GET|HEAD)$/.test(method));
  assert.deepEqual(writes, []);
  assert.equal(source.count({ method: "GET", path: "/blobs/" }), 0);
});

test("plan() names a blob once though two manifests hold it", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { descriptor, config, layers } = await putImage(source, "app", { layers: 3 });
  const twin = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: layers.slice(1) };
  const other = await source.putManifest("app", twin, OCI_MANIFEST);
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [descriptor, other] };
  await source.putManifest("app", index, OCI_INDEX, ["1"]);
  const plan = await engine.plan(requestOf(pair));
  const digests = [config, ...layers].map(({ digest }) => digest).sort();
  assert.deepEqual(outline(plan)[0], ["blobs", digests]);
});

test("plan() predicts the result of copy(): streamed and present", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { layers } = await putImage(source, "app", { tag: "1", layers: 4, layerBytes: 5000 });
  assert.ok(layers[0]);
  const bytes = await source.getBlob("app", layers[0].digest);
  assert.ok(bytes);
  await destination.putBlob("app", bytes);
  const { totals } = await engine.plan(requestOf(pair));
  const report = await engine.copy(requestOf(pair));
  assert.ok(totals);
  const { streamed, mounted, present } = report.blobs;
  assert.deepEqual(totals.blobs, { stream: streamed, mount: mounted, present });
  assert.deepEqual(totals.blobs, { stream: 4, mount: 0, present: 1 });
  assert.equal(totals.bytes.stream, report.bytesStreamed);
  assert.equal(totals.bytes.present, 5000);
  assert.equal(totals.manifests, report.manifests);
  assert.ok(report.requests.destination <= totals.requests.destination);
});

test("plan() counts the requests of its survey, and totals do not", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 4 });
  const plan = await engine.plan(requestOf(pair));
  assert.equal(destination.count({ method: "HEAD", path: "/blobs/" }), 5);
  assert.deepEqual(plan.requests, { source: source.count(), destination: destination.count() });
  const planning = destination.count() - 5;
  assert.equal(plan.totals?.requests.destination, planning + 5 * 2 + 1);
});

test("plan() predicts the result of copy(): mounted", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  await putImage(source, "app", { tag: "1", layers: 4 });
  const request = { source: `${source.host}/app:1`, destination: `${source.host}/copy` };
  const { totals } = await engine.plan(request);
  const report = await engine.copy(request);
  assert.deepEqual(totals?.blobs, { stream: 0, mount: 5, present: 0 });
  assert.deepEqual(report.blobs, { streamed: 0, mounted: 5, present: 0, foreign: 0 });
});

test("plan() reports that there is nothing to do", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await engine.copy(requestOf(pair));
  const plan = await engine.plan(requestOf(pair));
  assert.equal(plan.result, "unchanged");
  assert.equal(plan.current, descriptor.digest);
  assert.deepEqual(plan.stages, []);
});

test("plan() of a missing image fails with not_found", async () => {
  await using pair = await startPair();
  await assert.rejects(pair.engine.plan(requestOf(pair)), {
    code: "not_found",
    side: "source",
    message: /app:1 not found/,
  });
});

test("plan() has steps carry their manifests when asked, and performing them reads none again", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putIndex(source, "app", { tag: "1", platforms: ["linux/amd64", "linux/arm64"] });
  const plan = await engine.plan(requestOf(pair), { survey: false, manifests: true });
  assert.deepEqual(plan.requests, { source: source.count(), destination: destination.count() });
  assert.equal(source.count({ method: "GET", path: "/manifests/" }), 3);
  for (const { steps } of plan.stages) {
    for (const step of steps) await engine.perform(step);
  }
  assert.equal(source.count({ method: "GET", path: "/manifests/" }), 3);
  assert.deepEqual(destination.getManifest("app", "1"), source.getManifest("app", "1"));
});

test("plan() has steps carry manifests up to 4 MiB together", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const annotations = { note: "n".repeat(2_500_000) };
  const images = await Promise.all(
    [1, 2].map((seed) => putImage(source, "app", { seed, annotations })),
  );
  const manifests = images.map(({ descriptor }) => descriptor);
  await source.putManifest(
    "app",
    { schemaVersion: 2, mediaType: OCI_INDEX, manifests },
    OCI_INDEX,
    [
      "1",
    ],
  );
  const plan = await engine.plan(requestOf(pair), { survey: false, manifests: true });
  const carried = plan.stages.flatMap(({ steps }) => steps)
    .flatMap((step) => step.type === "manifest" ? [step.content?.length ?? 0] : []);
  assert.equal(carried.filter((length) => length === 0).length, 1);
  assert.ok(carried.reduce((sum, length) => sum + length, 0) <= 4 * 1024 * 1024);
});

const OTHER = `sha256:${"0".repeat(64)}`;

for (
  const [name, { tag = "", isPresent = false, ...options }] of Object.entries({
    "a tag and a digest": { tag: ":1" },
    "a digest": {},
    "a tag that is up to date": { tag: ":1", isPresent: true },
    "a platform": { tag: ":1", platforms: ["linux/amd64"] },
  })
) {
  test(`copy() and plan() reject a destination with another digest: ${name}`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    await putIndex(source, "app", { platforms: ["linux/amd64", "linux/arm64"], tag: "1" });
    if (isPresent) await engine.copy(requestOf(pair));
    destination.clearRequests();
    const named = `${destination.host}/app${tag}@${OTHER}`;
    const request = { source: `${source.host}/app:1`, destination: named, ...options };
    const expected = {
      code: "integrity",
      field: "destination",
      message: /would have digest sha256:/,
    };
    await assert.rejects(engine.copy(request), expected);
    await assert.rejects(engine.plan(request), expected);
    const writes = destination.requests.filter(({ method }) => method !== "HEAD");
    assert.deepEqual(writes, []);
  });
}

test("copy() accepts a destination with the digest that it will have", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const platforms = ["linux/amd64", "linux/arm64"];
  const { descriptor } = await putIndex(source, "app", { platforms, tag: "1" });
  const name = `${destination.host}/app:1@${descriptor.digest}`;
  const report = await engine.copy({ source: `${source.host}/app:1`, destination: name });
  assert.equal(report.destination, name);
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
});
