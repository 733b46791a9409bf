import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { staticCredentials } from "../../src/auth/credentials.ts";
import type { CredentialSources } from "../../src/auth/credentials.ts";
import { createEngine } from "../../src/engine.ts";
import type { Engine } from "../../src/engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import { startProxy } from "./proxy.ts";
import type { Proxy } from "./proxy.ts";
import { skopeoCopy, skopeoInspectRaw } from "./skopeo.ts";
import { startRealRegistry } from "./support.ts";
import type { RealRegistry, RegistryKind } from "./support.ts";

const WITHOUT_RELATED = { referrers: false, digestTags: false };

async function createEngineFor(source?: RealRegistry, destination?: RealRegistry): Promise<Engine> {
  return createEngine({
    runtime: await createRuntime(),
    source: { credentials: toCredentials(source) },
    destination: { credentials: toCredentials(destination) },
  });
}

function toCredentials(registry: RealRegistry | undefined): CredentialSources {
  const credential = registry?.credentials;
  return credential
    ? staticCredentials({ kind: "basic", ...credential }, "the test")
    : staticCredentials({ kind: "registry_token", token: "unused" }, "the test");
}

/** Makes an image in an embedded registry and brings it into a real one. */
async function seed(
  registry: RealRegistry,
  name: string,
  make: (embedded: Awaited<ReturnType<typeof startRegistry>>) => Promise<unknown>,
): Promise<void> {
  await using embedded = await startRegistry();
  await make(embedded);
  const engine = await createEngineFor(undefined, registry);
  await engine.copy({
    source: `${embedded.host}/${name}`,
    destination: `${registry.host}/${name}`,
  });
}

/** An index of two platforms with attestations, a signature under a digest tag, and an SBOM that is signed itself. */
async function putSignedIndex(embedded: Parameters<typeof putIndex>[0]): Promise<void> {
  const { descriptor, images } = await putIndex(embedded, "team/app", {
    tag: "1.0",
    platforms: ["linux/amd64", "linux/arm64"],
    attestations: true,
    layerBytes: 400_000,
  });
  await putCosignSignature(embedded, "team/app", descriptor.digest);
  const sbom = await putReferrer(embedded, "team/app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "sbom",
  });
  await putReferrer(embedded, "team/app", sbom.descriptor, {
    artifactType: "application/vnd.example.sig",
    payload: "sig",
  });
  const [image] = images;
  assert.ok(image);
  await putReferrer(embedded, "team/app", image.descriptor, {
    artifactType: "application/vnd.example.scan",
    payload: "scan",
  });
}

async function digestOf(reference: string, registry: RealRegistry): Promise<string> {
  const raw = await skopeoInspectRaw(
    reference,
    registry.credentials ? { creds: registry.credentials } : {},
  );
  return `sha256:${createHash("sha256").update(raw).digest("hex")}`;
}

const PAIRS: readonly [RegistryKind, RegistryKind][] = [
  ["distribution2", "distribution3"],
  ["distribution3", "distribution2"],
  ["distribution3", "distribution3"],
  ["crane", "distribution3"],
  ["distribution2", "crane"],
];

for (const [from, to] of PAIRS) {
  test(`copy() moves a signed multi-platform image from ${from} to ${to}, and skopeo reads it back`, async () => {
    await using source = await startRealRegistry(from);
    await using destination = await startRealRegistry(to);
    await using third = await startRealRegistry("distribution3");
    await seed(source, "team/app:1.0", putSignedIndex);
    const engine = await createEngineFor();
    const [a, b] = [`${source.host}/team/app:1.0`, `${destination.host}/mirror/app:1.0`];

    const report = await engine.copy({ source: a, destination: b });
    assert.equal(report.result, "copied");
    assert.equal(report.referrers, 4);
    assert.equal(await digestOf(b, destination), await digestOf(a, source));
    assert.equal(report.digest, await digestOf(a, source));

    const verification = await engine.verify({ source: a, destination: b });
    assert.deepEqual(verification.differences, []);
    assert.equal(verification.checked.referrers, 4);

    // skopeo reads every platform and every blob, and checks each digest.
    await skopeoCopy(b, `${third.host}/again/app:1.0`, { all: true });
    assert.equal(await digestOf(`${third.host}/again/app:1.0`, third), report.digest);

    const again = await engine.copy({ source: a, destination: b });
    assert.equal(again.result, "unchanged");
    assert.equal(again.bytesStreamed, 0);
  });
}

for (const kind of ["distribution2", "distribution3"] as const) {
  for (const auth of ["htpasswd", "token"] as const) {
    test(`copy() logs in to ${kind} with ${auth} on both sides`, async () => {
      await using source = await startRealRegistry(kind, { auth });
      await using destination = await startRealRegistry(kind, { auth });
      await seed(
        source,
        "app:1",
        (embedded) => putImage(embedded, "app", { tag: "1", layers: 3, layerBytes: 300_000 }),
      );
      const engine = await createEngineFor(source, destination);
      const report = await engine.copy({
        source: `${source.host}/app:1`,
        destination: `${destination.host}/mirror/app`,
      });
      assert.equal(report.blobs.streamed, 4);
      assert.equal(await digestOf(`${destination.host}/mirror/app:1`, destination), report.digest);
      const anonymous = await createEngineFor();
      await assert.rejects(
        anonymous.copy({
          source: `${source.host}/app:1`,
          destination: `${destination.host}/mirror/other`,
        }),
        { code: "unauthorized" },
      );
    });
  }
}

test("copy() mounts from a neighbour repository under token authentication", async () => {
  await using registry = await startRealRegistry("distribution3", { auth: "token" });
  await seed(
    registry,
    "app:1",
    (embedded) => putImage(embedded, "app", { tag: "1", layers: 8, layerBytes: 2000 }),
  );
  const engine = await createEngineFor(registry, registry);
  const report = await engine.copy({
    source: `${registry.host}/app:1`,
    destination: `${registry.host}/neighbour/app`,
  });
  assert.deepEqual(report.blobs, { streamed: 0, mounted: 9, present: 0, foreign: 0 });
});

async function countOf(proxy: Proxy): Promise<number> {
  return (await proxy.takeCounts()).requests.length;
}

test("copy() makes M + B requests at the source and 2B + M + 1 at distribution 3, then 2 in all", async () => {
  await using source = await startRealRegistry("distribution3");
  await using destination = await startRealRegistry("distribution3");
  await using before = await startProxy(source.host);
  await using behind = await startProxy(destination.host);
  const platforms = ["linux/amd64", "linux/arm64", "linux/s390x"];
  await seed(
    source,
    "app:1",
    (embedded) => putIndex(embedded, "app", { tag: "1", platforms, layers: 4 }),
  );
  const [manifests, blobs] = [4, 3 * 5];
  const request = {
    source: `${before.host}/app:1`,
    destination: `${behind.host}/app:1`,
    ...WITHOUT_RELATED,
  };
  const engine = await createEngineFor();

  const { requests } = await engine.copy(request);
  const seen = { source: await countOf(before), destination: await countOf(behind) };
  assert.deepEqual(seen, { source: manifests + blobs, destination: 2 * blobs + manifests + 1 });
  assert.deepEqual(requests, seen, "the report counts what the proxies saw");

  const again = await engine.copy(request);
  assert.deepEqual((await before.takeCounts()).kinds, { "GET manifest": 1 });
  assert.deepEqual((await behind.takeCounts()).kinds, { "HEAD manifest": 1 });
  assert.equal(again.result, "unchanged");
});

test("copy() mounts nine blobs from a neighbour repository in 12 requests", async () => {
  await using registry = await startRealRegistry("distribution3");
  await using proxy = await startProxy(registry.host);
  await seed(registry, "app:1", (embedded) => putImage(embedded, "app", { tag: "1", layers: 8 }));
  const engine = await createEngineFor();
  const report = await engine.copy({
    source: `${proxy.host}/app:1`,
    destination: `${proxy.host}/neighbour:1`,
    ...WITHOUT_RELATED,
  });
  assert.equal(report.blobs.mounted, 9);
  assert.equal(await countOf(proxy), 12);
});

test("copy() of a new tag checks shared layers at distribution 3 and sends only the others", async () => {
  await using source = await startRealRegistry("distribution3");
  await using destination = await startRealRegistry("distribution3");
  await seed(
    source,
    "app:1",
    (embedded) => putImage(embedded, "app", { tag: "1", layers: 3, seed: 7 }),
  );
  await seed(
    source,
    "app:2",
    (embedded) => putImage(embedded, "app", { tag: "2", layers: 5, seed: 7 }),
  );
  const engine = await createEngineFor();
  await engine.copy({ source: `${source.host}/app:1`, destination: `${destination.host}/app` });
  const { blobs } = await engine.copy({
    source: `${source.host}/app:2`,
    destination: `${destination.host}/app`,
  });
  assert.deepEqual(blobs, { streamed: 3, mounted: 0, present: 3, foreign: 0 });
});
