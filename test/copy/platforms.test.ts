import assert from "node:assert/strict";
import { test } from "node:test";
import { OCI_INDEX } from "../../src/oci/media_types.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { requestOf, startPair } from "../support/pair.ts";

const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7"];

function entriesOf(registry: RunningRegistry, name: string): string[] {
  const { bytes } = registry.getManifest("app", name) ?? {};
  const { manifests } = JSON.parse(new TextDecoder().decode(bytes));
  return manifests.map(({ digest }: { digest: string }) => digest);
}

test("copy() of one platform rebuilds the index with that and its attestation", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const options = { platforms: PLATFORMS, attestations: true, tag: "1" };
  const { descriptor, images, attestations } = await putIndex(source, "app", options);
  const report = await engine.copy({ ...requestOf(pair), platforms: ["linux/arm64"] });
  assert.notEqual(report.digest, descriptor.digest);
  assert.equal(destination.getManifest("app", "1")?.digest, report.digest);
  assert.deepEqual(entriesOf(destination, "1"), [
    images[1]?.descriptor.digest,
    attestations[1]?.descriptor.digest,
  ]);
  assert.equal(destination.getManifest("app", images[0]?.descriptor.digest ?? ""), undefined);
  assert.equal(report.warnings.length, 1);
  assert.match(report.warnings[0] ?? "", /index was rebuilt .* becomes sha256:/);
  const again = await engine.copy({ ...requestOf(pair), platforms: ["linux/arm64"] });
  assert.equal(again.result, "unchanged");
});

test("copy() warns of referrers of a rebuilt index", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { descriptor } = await putIndex(source, "app", { platforms: PLATFORMS, tag: "1" });
  await putReferrer(source, "app", descriptor, { artifactType: "a/b", payload: "signed" });
  const report = await engine.copy({ ...requestOf(pair), platforms: ["linux/arm64"] });
  assert.equal(report.warnings.some((text) => /1 referrers of .* are not copied/.test(text)), true);
  assert.equal(report.referrers, 0);
});

test("copy() keeps a sparse index if the destination accepts it", async () => {
  await using pair = await startPair({ destination: { strictManifests: false } });
  const { source, destination, engine } = pair;
  const { descriptor, images } = await putIndex(source, "app", { platforms: PLATFORMS, tag: "1" });
  await engine.copy({ ...requestOf(pair), platforms: ["linux/amd64"], index: "sparse" });
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
  assert.ok(destination.getManifest("app", images[0]?.descriptor.digest ?? ""));
  assert.equal(destination.getManifest("app", images[1]?.descriptor.digest ?? ""), undefined);
});

test("copy() of a sparse index fails at a destination that wants all children", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putIndex(source, "app", { platforms: PLATFORMS, tag: "1" });
  await assert.rejects(
    engine.copy({ ...requestOf(pair), platforms: ["linux/amd64"], index: "sparse" }),
    { name: "CopyError", side: "destination" },
  );
  assert.deepEqual(destination.tags("app"), []);
});

test("copy() with index refuse rejects a change of the index", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putIndex(source, "app", { platforms: PLATFORMS, tag: "1" });
  const request = { ...requestOf(pair), index: "refuse" } as const;
  await assert.rejects(engine.copy({ ...request, platforms: ["linux/amd64"] }), {
    code: "unsupported",
    message: /its index also lists other platforms/,
  });
  assert.deepEqual(destination.tags("app"), []);
  assert.equal((await engine.copy({ ...request, platforms: PLATFORMS })).result, "copied");
});

test("copy() of a platform that is not there lists those that are", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  await putIndex(source, "app", { platforms: PLATFORMS, attestations: true, tag: "1" });
  await assert.rejects(engine.copy({ ...requestOf(pair), platforms: ["linux/s390x"] }), {
    code: "unsupported",
    side: "source",
    message: /has no platform linux\/s390x/,
    hint: "available platforms: linux/amd64, linux/arm64, linux/arm/v7",
  });
  assert.equal(destination.requests.every(({ method }) => /^(GET|HEAD)$/.test(method)), true);
});

test("copy() rebuilds an index within an index and drops one that would be empty", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const both = await putIndex(source, "app", { platforms: ["linux/amd64", "linux/arm64"] });
  const other = await putIndex(source, "app", { platforms: ["linux/s390x"], seed: 5 });
  const manifests = [both.descriptor, other.descriptor];
  const outer = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", outer, OCI_INDEX, ["1"]);
  await engine.copy({ ...requestOf(pair), platforms: ["linux/arm64"] });
  const inner = entriesOf(destination, "1");
  assert.equal(inner.length, 1);
  assert.notEqual(inner[0], both.descriptor.digest);
  assert.deepEqual(entriesOf(destination, inner[0] ?? ""), [both.images[1]?.descriptor.digest]);
});

test("copy() of a platform of a single image fails", async () => {
  await using pair = await startPair();
  await putImage(pair.source, "app", { tag: "1" });
  await assert.rejects(pair.engine.copy({ ...requestOf(pair), platforms: ["linux/arm64"] }), {
    code: "unsupported",
    hint: /not an index/,
  });
});

test("copy() has the image of one platform take the place of the index", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const options = { platforms: PLATFORMS, attestations: true, tag: "1" };
  const { descriptor, images } = await putIndex(source, "app", options);
  await putReferrer(source, "app", descriptor, { artifactType: "a/b", payload: "signed" });
  const request = { ...requestOf(pair), platforms: ["linux/arm64"], index: "unwrap" as const };
  const report = await engine.copy(request);
  assert.equal(report.digest, images[1]?.descriptor.digest);
  assert.equal(destination.getManifest("app", "1")?.digest, images[1]?.descriptor.digest);
  assert.equal(destination.getManifest("app", images[0]?.descriptor.digest ?? ""), undefined);
  assert.match(report.warnings.join(), /1 referrers of .* are not copied/);
  assert.equal((await engine.copy(request)).result, "unchanged");
});

test("copy() with index unwrap does not change a single image", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const request = { ...requestOf(pair), platforms: ["linux/amd64"], index: "unwrap" as const };
  assert.equal((await engine.copy(request)).digest, descriptor.digest);
});

test("copy() with index unwrap lists the platforms", async () => {
  await using pair = await startPair();
  await putIndex(pair.source, "app", { platforms: PLATFORMS, tag: "1" });
  const request = { ...requestOf(pair), platforms: ["linux/s390x"], index: "unwrap" as const };
  await assert.rejects(pair.engine.copy(request), { code: "unsupported", hint: /linux\/arm64/ });
});

test("copy() to unwrap wants one platform", async () => {
  await using pair = await startPair();
  for (const platforms of [[], ["linux/amd64", "linux/arm64"]]) {
    await assert.rejects(pair.engine.copy({ ...requestOf(pair), platforms, index: "unwrap" }), {
      code: "usage",
      field: "platforms",
      message: /expected one platform, got/,
    });
  }
});
