import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { referrersTag } from "../../src/oci/digest_tag.ts";
import { OCI_INDEX } from "../../src/oci/media_types.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import type { PutImage } from "../support/image.ts";
import type { EmbeddedRegistry } from "../support/registry.ts";
import { requestOf, startPair } from "./setup.ts";

function refer(
  registry: EmbeddedRegistry,
  subject: Descriptor,
  payload: string,
): Promise<PutImage> {
  return putReferrer(registry, "app", subject, { artifactType: "application/x.test", payload });
}

async function listed(
  registry: EmbeddedRegistry & { host: string },
  { digest }: Descriptor,
): Promise<string[]> {
  const response = registry.hasReferrers
    ? await fetch(`http://${registry.host}/v2/app/referrers/${digest}`)
    : await fetch(`http://${registry.host}/v2/app/manifests/${referrersTag(digest)}`);
  if (response.status !== 200) {
    await response.body?.cancel();
    return [];
  }
  const { manifests } = await response.json();
  return manifests.map((entry: Descriptor) => entry.digest).sort();
}

for (const from of [true, false]) {
  for (const to of [true, false]) {
    const name = (has: boolean): string => has ? "with the referrers API" : "without";
    test(`copy() brings referrers, and theirs, from ${name(from)} to ${name(to)}`, async () => {
      await using pair = await startPair({
        source: { referrers: from },
        destination: { referrers: to },
      });
      const { source, destination, engine } = pair;
      const { descriptor } = await putImage(source, "app", { tag: "1" });
      const first = await refer(source, descriptor, "first");
      const second = await refer(source, descriptor, "second");
      const deep = await refer(source, first.descriptor, "deep");
      const report = await engine.copy(requestOf(pair));
      assert.equal(report.referrers, 3);
      const digests = [first.descriptor.digest, second.descriptor.digest].sort();
      assert.deepEqual(await listed(destination, descriptor), digests);
      assert.deepEqual(await listed(destination, first.descriptor), [deep.descriptor.digest]);
      const writes = destination.requests.filter(({ method }) => method === "PUT");
      assert.match(writes.at(-1)?.path ?? "", /\/manifests\/1$/);
    });
  }
}

test("copy() adds to a fallback index what is new and keeps what was there", async () => {
  await using pair = await startPair({ destination: { referrers: false } });
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const there = await refer(destination, descriptor, "there before");
  const first = await refer(source, descriptor, "first");
  await engine.copy(requestOf(pair));
  const expected = [there.descriptor.digest, first.descriptor.digest].sort();
  assert.deepEqual(await listed(destination, descriptor), expected);

  const second = await refer(source, descriptor, "second");
  destination.clearRequests();
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.result, "copied");
  assert.equal(report.manifests, 1);
  const all = [...expected, second.descriptor.digest].sort();
  assert.deepEqual(await listed(destination, descriptor), all);
  assert.equal(destination.count({ method: "PUT", path: first.descriptor.digest }), 0);

  const third = await engine.copy(requestOf(pair));
  assert.equal(third.result, "unchanged");
});

test("copy() leaves referrers where it is told so", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  await refer(source, descriptor, "first");
  const report = await engine.copy({ ...requestOf(pair), referrers: false });
  assert.equal(report.referrers, 0);
  assert.deepEqual(await listed(destination, descriptor), []);
  assert.equal(source.count({ path: "/referrers/" }), 0);
});

for (const to of [true, false]) {
  test(`copy() leaves behind what is listed and does not name the subject, ${to}`, async () => {
    await using pair = await startPair({
      source: { referrers: false },
      destination: { referrers: to },
    });
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    const honest = await refer(source, descriptor, "honest");
    const stranger = await putImage(source, "app", { seed: 9 });
    const manifests = [honest.descriptor, stranger.descriptor];
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    await source.putManifest("app", index, OCI_INDEX, [referrersTag(descriptor.digest)]);
    const report = await engine.copy(requestOf(pair));
    assert.equal(report.referrers, 1);
    assert.equal(report.warnings.length, 1);
    assert.match(report.warnings[0] ?? "", /does not name it: left behind/);
    assert.deepEqual(await listed(destination, descriptor), [honest.descriptor.digest]);
    const { host } = destination;
    assert.equal((await engine.verify(`${source.host}/app:1`, `${host}/app:1`)).equal, true);
  });
}

test("copy() ends where fallback tags list each other", async () => {
  await using pair = await startPair({ source: { referrers: false } });
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const first = await refer(source, descriptor, "first");
  const second = await refer(source, first.descriptor, "second");
  for (const [of, by] of [[second, first], [first, second]] as const) {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [by.descriptor] };
    await source.putManifest("app", index, OCI_INDEX, [referrersTag(of.descriptor.digest)]);
  }
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.referrers, 2);
});

test("copy() brings a referrer that is listed for another manifest, too, under its subject alone", async () => {
  await using pair = await startPair({
    source: { referrers: false },
    destination: { referrers: false },
  });
  const { source, destination, engine } = pair;
  const { images } = await putIndex(source, "app", { platforms: ["a/b", "c/d"], tag: "1" });
  const [first, second] = images;
  assert.ok(first && second);
  const referrer = await refer(source, second.descriptor, "signed");
  const manifests = [referrer.descriptor];
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
  await source.putManifest("app", index, OCI_INDEX, [referrersTag(first.descriptor.digest)]);
  const report = await engine.copy(requestOf(pair));
  assert.equal(report.referrers, 1);
  assert.deepEqual(report.warnings, []);
  assert.deepEqual(await listed(destination, first.descriptor), []);
  assert.deepEqual(await listed(destination, second.descriptor), [referrer.descriptor.digest]);
});

for (
  const [name, filters, wanted] of [
    ["an artifact type", [{ artifactType: "a/sbom" }], ["sbom"]],
    ["either of two", [{ artifactType: "a/sbom" }, { artifactType: "a/vex" }], ["sbom", "vex"]],
    ["an annotation", [{ annotations: { level: "gold" } }], ["signature"]],
    ["an annotation, whatever it is", [{ annotations: { level: "" } }], ["sbom", "signature"]],
    ["both", [{ artifactType: "a/sbom", annotations: { level: "gold" } }], []],
  ] as const
) {
  test(`copy() brings only the referrers that a filter by ${name} fits`, async () => {
    await using pair = await startPair();
    const { source, destination, engine } = pair;
    const { descriptor } = await putImage(source, "app", { tag: "1" });
    const put: Record<string, string> = {};
    for (
      const [artifact, annotations] of [
        ["sbom", { level: "tin" }],
        ["signature", { level: "gold" }],
        ["vex", {}],
      ] as const
    ) {
      const options = { artifactType: `a/${artifact}`, payload: artifact, annotations };
      put[artifact] = (await putReferrer(source, "app", descriptor, options)).descriptor.digest;
    }
    const report = await engine.copy({
      ...requestOf(pair),
      referrerFilters: filters.map((filter) => ({ ...filter })),
    });
    assert.equal(report.referrers, wanted.length);
    assert.deepEqual(
      await listed(destination, descriptor),
      wanted.map((artifact) => put[artifact]).sort(),
    );
  });
}
