import assert from "node:assert/strict";
import { test } from "node:test";
import { putCosignSignature, putImage, putIndex, putReferrer } from "./image.ts";
import { createRegistry } from "./registry.ts";
import type { EmbeddedRegistry } from "./registry.ts";

const EMPTY_CONFIG_DIGEST =
  "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

test("putImage() gives the same digest for the same seed, and another for another", async () => {
  const registry = createRegistry();
  const digest = async (seed: number): Promise<string> =>
    (await putImage(registry, "app", { seed })).descriptor.digest;
  assert.equal(await digest(1), await digest(1));
  assert.notEqual(await digest(1), await digest(2));
});

for (const docker of [false, true]) {
  test(`putIndex() puts an index that a strict registry accepts${docker ? ", in Docker's types" : ""}`, async () => {
    const source = createRegistry();
    const { descriptor, images, attestations } = await putIndex(source, "app", {
      tag: "v1",
      platforms: ["linux/amd64", "linux/arm/v7"],
      attestations: true,
      layers: 3,
      layerBytes: 500,
      docker,
    });
    assert.deepEqual([images.length, attestations.length], [2, 2]);
    assert.equal(new Set(source.blobs("app")).size, 2 * 4 + 2 * 2);
    const target = createRegistry();
    for (const digest of source.blobs("app")) {
      await target.putBlob("app", await source.getBlob("app", digest) ?? new Uint8Array());
    }
    const all = [...images, ...attestations].map((image) => image.descriptor);
    for (const { digest } of [...all, descriptor]) {
      assert.equal(await copyManifest(source, target, digest), 201);
    }
    const index = readManifest(source, "v1");
    assert.equal(index["mediaType"], descriptor.mediaType);
    assert.deepEqual(index["manifests"][1].platform, {
      architecture: "arm",
      os: "linux",
      variant: "v7",
    });
    assert.deepEqual(index["manifests"][2].annotations, {
      "vnd.docker.reference.digest": images[0]?.descriptor.digest,
      "vnd.docker.reference.type": "attestation-manifest",
    });
  });
}

test("putReferrer() is listed by the API, filtered by its type", async () => {
  const registry = createRegistry();
  const { descriptor: subject } = await putImage(registry, "app");
  const sbom = await putReferrer(registry, "app", subject, {
    artifactType: "application/spdx+json",
    payload: "{}",
    annotations: { a: "b" },
  });
  assert.equal(sbom.config.digest, EMPTY_CONFIG_DIGEST);
  await putReferrer(registry, "app", subject, { artifactType: "text/x", payload: "x" });
  const list = (query: string): Promise<Response> =>
    registry.fetch(new Request(`http://registry/v2/app/referrers/${subject.digest}${query}`));
  const all = await list("");
  assert.equal(all.headers.get("content-type"), "application/vnd.oci.image.index.v1+json");
  assert.equal((await all.json()).manifests.length, 2);
  const some = await list("?artifactType=application/spdx%2Bjson");
  assert.equal(some.headers.get("oci-filters-applied"), "artifactType");
  assert.deepEqual((await some.json()).manifests, [
    { ...sbom.descriptor, artifactType: "application/spdx+json", annotations: { a: "b" } },
  ]);
});

test("putReferrer() keeps the fallback tag where there is no API", async () => {
  const registry = createRegistry({ referrers: false });
  const { descriptor: subject } = await putImage(registry, "app");
  const digests: string[] = [];
  for (const payload of ["one", "two"]) {
    const put = await putReferrer(registry, "app", subject, { artifactType: "text/x", payload });
    digests.push(put.descriptor.digest);
  }
  const response = await registry.fetch(
    new Request(`http://registry/v2/app/referrers/${subject.digest}`),
  );
  assert.equal(response.status, 404);
  const index = readManifest(registry, subject.digest.replace(":", "-"));
  assert.deepEqual(index["manifests"].map((entry: { digest: string }) => entry.digest), digests);
});

test("PUT of a manifest with a subject answers OCI-Subject, if there is an API", async () => {
  for (const referrers of [true, false]) {
    const source = createRegistry();
    const { descriptor: subject } = await putImage(source, "app");
    const { descriptor } = await putImage(source, "app", { subject, seed: 2 });
    const target = createRegistry({ referrers, strictManifests: false });
    const response = await putManifest(source, target, descriptor.digest);
    assert.equal(response.headers.get("oci-subject"), referrers ? subject.digest : null);
  }
});

test("putCosignSignature() puts an image under the digest's tag", async () => {
  const registry = createRegistry();
  const { descriptor } = await putImage(registry, "app");
  const { tag } = await putCosignSignature(registry, "app", descriptor.digest);
  assert.equal(tag, `${descriptor.digest.replace(":", "-")}.sig`);
  assert.equal(readManifest(registry, tag)["layers"].length, 1);
});

// deno-lint-ignore no-explicit-any -- whatever was put
function readManifest(registry: EmbeddedRegistry, reference: string): Record<string, any> {
  const manifest = registry.getManifest("app", reference);
  assert.ok(manifest, reference);
  return JSON.parse(new TextDecoder().decode(manifest.bytes));
}

async function copyManifest(
  source: EmbeddedRegistry,
  target: EmbeddedRegistry,
  digest: string,
): Promise<number> {
  return (await putManifest(source, target, digest)).status;
}

async function putManifest(
  source: EmbeddedRegistry,
  target: EmbeddedRegistry,
  digest: string,
): Promise<Response> {
  const manifest = source.getManifest("app", digest);
  assert.ok(manifest, digest);
  return await target.fetch(
    new Request(`http://registry/v2/app/manifests/${digest}`, {
      method: "PUT",
      headers: { "content-type": manifest.mediaType },
      body: manifest.bytes,
    }),
  );
}
