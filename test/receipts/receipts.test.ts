import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceiptStep } from "../../src/copy/step.ts";
import { digestBytes } from "../../src/oci/digest.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { listing, newKey, openBundle, receiptsOf } from "./support.ts";

const NOW = Date.parse("2026-11-27T10:00:00Z");
const SUBJECT = `sha256:${"a".repeat(64)}` as const;
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";

const STEP: ReceiptStep = {
  type: "receipt",
  destination: "mirror.example.com/app",
  descriptor: { mediaType: OCI_MANIFEST, digest: SUBJECT, size: 7 },
  name: "mirror.example.com/app",
  image: `ghcr.io/acme/app:1.4@sha256:${"b".repeat(64)}`,
};

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test("sign() makes an artifact with a signed bundle, which refers to the manifest", async () => {
  const { privateKey, publicKey } = newKey();
  const { manifest, descriptor, blobs } = await receiptsOf({ privateKey }).sign(STEP, NOW, {});
  const [config, bundle] = blobs;
  assert(config && bundle);
  const { subject: [subject] } = openBundle(decode(bundle), publicKey);
  assert.deepEqual(subject, { name: STEP.name, digest: { sha256: SUBJECT.slice(7) } });
  const annotations = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": "urn:crossdock:receipt:v1",
    "org.opencontainers.image.created": "2026-11-27T10:00:00.000Z",
    "crossdock.receipt.proof": descriptor.annotations?.["crossdock.receipt.proof"],
  };
  assert.match(annotations["crossdock.receipt.proof"] ?? "", /^[A-Za-z0-9+/]{90,98}={0,2}$/);
  assert.equal(decode(config), "{}");
  assert.deepEqual(JSON.parse(decode(manifest.bytes)), {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: BUNDLE,
    config: {
      mediaType: "application/vnd.oci.empty.v1+json",
      digest: await digestBytes(config),
      size: 2,
    },
    layers: [{ mediaType: BUNDLE, digest: await digestBytes(bundle), size: bundle.byteLength }],
    subject: { mediaType: OCI_MANIFEST, digest: SUBJECT, size: 7 },
    annotations,
  });
  assert.equal(manifest.digest, await digestBytes(manifest.bytes));
  assert.deepEqual(descriptor, {
    mediaType: OCI_MANIFEST,
    digest: manifest.digest,
    size: manifest.bytes.byteLength,
    artifactType: BUNDLE,
    annotations,
  });
});

test("sign() makes valid signatures, whatever the length of their numbers", async () => {
  const { privateKey, publicKey } = newKey();
  const receipts = receiptsOf({ privateKey });
  const lengths = new Set<number>();
  // About every second number has a first bit that is set, and one of 256 has a first byte that is zero.
  for (let i = 0; i < 600; i++) {
    const { blobs: [, bundle] } = await receipts.sign(STEP, NOW + i, {});
    const text = decode(bundle ?? new Uint8Array());
    openBundle(text, publicKey);
    lengths.add(atob(JSON.parse(text).dsseEnvelope.signatures[0].sig).length);
  }
  assert(lengths.size >= 3, `lengths: ${[...lengths]}`);
});

test("has() finds a receipt of the same key about the same manifest and name", async () => {
  const key = newKey();
  const receipts = receiptsOf(key);
  const { name } = STEP;
  const has = (...lists: Record<string, string>[]): Promise<boolean> =>
    receipts.has(listing(...lists), { subject: SUBJECT, name }, {});
  const annotationsOf = async (
    step: Partial<ReceiptStep>,
    signer = receipts,
  ): Promise<Record<string, string>> => {
    const { descriptor: { annotations = {} } } = await signer.sign({ ...STEP, ...step }, NOW, {});
    return annotations;
  };
  const own = await annotationsOf({});
  const digest = `sha256:${"c".repeat(64)}` as const;
  assert.equal(await has(), false);
  assert.equal(await has({}), false);
  for (
    const annotations of [
      await annotationsOf({ name: "other.example.com/app" }),
      await annotationsOf({ descriptor: { ...STEP.descriptor, digest } }),
      await annotationsOf({}, receiptsOf(newKey())),
      ...["", "AAAA", "%", "A".repeat(10_000)].map((proof) => ({
        ...own,
        "crossdock.receipt.proof": proof,
      })),
    ]
  ) {
    assert.equal(await has(annotations), false, JSON.stringify(annotations));
    assert.equal(await has(annotations, own), true);
  }
});

test("has() finds the proof of every signature", async () => {
  const { privateKey } = newKey();
  const receipts = receiptsOf({ privateKey });
  for (let i = 0; i < 300; i++) {
    const name = `mirror.example.com/app${i}`;
    const { descriptor: { annotations = {} } } = await receipts.sign({ ...STEP, name }, NOW, {});
    assert.equal(await receipts.has(listing(annotations), { subject: SUBJECT, name }, {}), true);
  }
});

test("nameOf() replaces the registry that images are pushed to", () => {
  const receipts = receiptsOf(newKey(), {
    "registry.internal:5000": "mirror.example.com/cache",
  });
  assert.equal(receipts.nameOf("registry.internal:5000/a/b"), "mirror.example.com/cache/a/b");
  assert.equal(receipts.nameOf("registry.internal/a/b"), "registry.internal/a/b");
});

test("sign() rejects a key that is damaged, without quoting it", async () => {
  const { privateKey } = newKey();
  const [first = "", second = "", ...rest] = privateKey.split("\n");
  // The lengths of what follows the object identifiers.
  const damaged = [first, `${second.slice(0, 40)}${"A".repeat(24)}`, ...rest].join("\n");
  await assert.rejects(receiptsOf({ privateKey: damaged }).sign(STEP, NOW, {}), {
    name: "ParseError",
    message: /^receipt: the private key cannot be read; make one with openssl genpkey/,
  });
});
