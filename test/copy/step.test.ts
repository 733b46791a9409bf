import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStep } from "../../src/copy/step.ts";
import type { ManifestStep, Step } from "../../src/copy/step.ts";
import { createEngine } from "../../src/engine.ts";
import { createRuntime } from "../../src/hosts/detect.ts";
import { digestBytes } from "../../src/oci/digest.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { putCosignSignature, putImage, putIndex, putReferrer } from "../support/image.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const BLOB = {
  type: "blob",
  source: "a.io/x",
  destination: "b.io/y",
  descriptor: { mediaType: "text/plain", digest: DIGEST, size: 1 },
  mountFrom: [],
  eager: true,
  verify: "auto",
};
const MANIFEST = {
  type: "manifest",
  source: "a.io/x",
  destination: "b.io/y",
  descriptor: BLOB.descriptor,
};
const REFERRERS = {
  type: "referrers",
  destination: "b.io/y",
  subject: DIGEST,
  referrers: [BLOB.descriptor],
};

const BAD: { field: string; step: unknown }[] = [
  { field: "type", step: { ...BLOB, type: "layer" } },
  {
    field: "digest",
    step: { ...BLOB, descriptor: { ...BLOB.descriptor, digest: "sha256:../../x" } },
  },
  { field: "size", step: { ...BLOB, descriptor: { ...BLOB.descriptor, size: -1 } } },
  { field: "size", step: { ...BLOB, descriptor: { ...BLOB.descriptor, size: "1" } } },
  { field: "mediaType", step: { ...BLOB, descriptor: { digest: DIGEST, size: 1 } } },
  {
    field: "mediaType",
    step: { ...MANIFEST, descriptor: { ...BLOB.descriptor, mediaType: "a/\u0080" } },
  },
  {
    field: "mediaType",
    step: { ...BLOB, descriptor: { ...BLOB.descriptor, mediaType: "a/b\r\n" } },
  },
  {
    field: "urls",
    step: { ...BLOB, descriptor: { ...BLOB.descriptor, urls: ["file:///etc/passwd"] } },
  },
  { field: "source", step: { ...BLOB, source: "../x" } },
  { field: "destination", step: { ...BLOB, destination: 1 } },
  { field: "mountFrom", step: { ...BLOB, mountFrom: "a/x" } },
  ...[
    "a/x:pull repository:b/y",
    "a/x repository",
    "a/x:pull",
    "b.io:443/x",
    "a/x@sha256",
    "../x",
    "/a/x",
    "a/x/",
    "A/x",
    "a/x&mount=b",
    "a/x\n",
    "",
    "a".repeat(256),
  ].map((path) => ({ field: "mountFrom.0", step: { ...BLOB, mountFrom: [path] } })),
  { field: "eager", step: { ...BLOB, eager: 1 } },
  { field: "verify", step: { ...BLOB, verify: "never" } },
  { field: "colour", step: { ...BLOB, colour: "red" } },
  { field: "tag", step: { ...MANIFEST, tag: "a/b" } },
  { field: "content", step: { ...MANIFEST, content: {} } },
  { field: "colour", step: { ...MANIFEST, colour: "red" } },
  { field: "subject", step: { ...REFERRERS, subject: "sha256:../../x" } },
  { field: "referrers", step: { ...REFERRERS, referrers: [] } },
];

for (const { field, step } of BAD) {
  test(`parseStep() names ${field} in ${JSON.stringify(step).replaceAll(DIGEST, "…")}`, () => {
    assert.throws(
      () => parseStep(step),
      (error: Error) => error.name === "ParseError" && error.message.includes(field),
    );
  });
}

const MOUNTING = { ...BLOB, mountFrom: ["library/a", "x", "a.b/c_d/e--f", "a".repeat(255)] };

test("parseStep() returns a parsed step unchanged, and checks a copy of it", () => {
  const step = parseStep(BLOB);
  assert.equal(parseStep(step), step);
  const forged = { ...JSON.parse(JSON.stringify(step)), mountFrom: ["a b"] };
  assert.throws(() => parseStep(forged), { code: "usage", message: /mountFrom/ });
});

for (const step of [BLOB, MOUNTING, MANIFEST, REFERRERS]) {
  test(`parseStep() returns a ${step.type} step unchanged`, () => {
    assert.deepEqual(structuredClone(parseStep(structuredClone(step))), step);
  });
}

test("perform() one step at a time, each twice and by a fresh engine, gives the same image", async () => {
  await using pair = await startPair({ destination: { referrers: false } });
  const { source, destination, engine } = pair;
  const platforms = ["linux/amd64", "linux/arm64"];
  const { descriptor, images } = await putIndex(source, "app", { platforms, tag: "1" });
  const image = images[0]?.descriptor;
  assert.ok(image);
  const signature = await putReferrer(source, "app", image, {
    artifactType: "application/x.sig",
    payload: "signed",
  });
  const cosign = await putCosignSignature(source, "app", descriptor.digest);
  const request = { source: `${source.host}/app:1`, destination: `${destination.host}/app` };
  const { stages } = await engine.plan(request);
  const runtime = await createRuntime();
  for (const step of stages.flatMap(({ steps }) => steps)) {
    const text = JSON.stringify(step);
    assert.deepEqual(JSON.parse(JSON.stringify(parseStep(JSON.parse(text)))), JSON.parse(text));
    for (let i = 0; i < 2; i++) await createEngine({ runtime }).perform(JSON.parse(text) as Step);
  }
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
  assert.equal(destination.getManifest("app", cosign.tag)?.digest, cosign.descriptor.digest);
  const index = destination.getManifest("app", image.digest.replace(":", "-"));
  const { manifests } = JSON.parse(new TextDecoder().decode(index?.bytes));
  assert.deepEqual(manifests.map(({ digest }: { digest: string }) => digest), [
    signature.descriptor.digest,
  ]);
  assert.equal((await engine.verify(request)).equal, true);
});

/** `app:1`, which brings its manifest along. */
function manifestStep(
  { source, destination }: Pair,
  descriptor: ManifestStep["descriptor"],
  content: string,
): ManifestStep {
  return {
    type: "manifest",
    source: `${source.host}/app`,
    destination: `${destination.host}/app`,
    descriptor,
    tag: "1",
    content,
  };
}

test("perform() rejects a manifest step whose content does not match its digest", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const step = manifestStep(pair, descriptor, "{}");
  await assert.rejects(engine.perform(step), { code: "usage" });
  assert.equal(destination.count(), 0);
});

test("perform() counts the bytes of a manifest step's content, not its characters", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const { descriptor: { digest }, config, layers } = await putImage(source, "app");
  await engine.copy({
    source: `${source.host}/app@${digest}`,
    destination: `${destination.host}/app`,
  });
  const annotations = { note: "größer" };
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers, annotations };
  const content = JSON.stringify(manifest);
  const bytes = new TextEncoder().encode(content);
  const descriptor = {
    mediaType: OCI_MANIFEST,
    digest: await digestBytes(bytes, "sha256"),
    size: bytes.byteLength,
  };
  const step = manifestStep(pair, descriptor, content);
  const before = destination.count();
  await assert.rejects(
    engine.perform({ ...step, descriptor: { ...descriptor, size: content.length } }),
    {
      code: "usage",
      field: "content",
      message:
        `step content has ${bytes.byteLength} bytes, expected ${content.length} from its descriptor`,
    },
  );
  assert.equal(destination.count(), before);
  await engine.perform(step);
  assert.equal(destination.getManifest("app", "1")?.digest, descriptor.digest);
});
