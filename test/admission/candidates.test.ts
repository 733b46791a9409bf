import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { createAdmission } from "../../src/admission/check.ts";
import type { ContentSource } from "../../src/content.ts";
import { CrossdockError } from "../../src/errors.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { referrersTag } from "../../src/oci/digest_tag.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { startRegistry } from "../support/registry.ts";
import type { RunningRegistry } from "../support/registry.ts";
import { ROOT } from "./fixtures.ts";
import {
  byIdentity,
  byKey,
  checkImage,
  createTestEngine,
  DIGEST,
  fixture,
  LOCAL_ROOT,
  policyOf,
  putFixture,
  reasonsOf,
} from "./support.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const EMPTY = "application/vnd.oci.empty.v1+json";

/** The bundle of a fixture, parsed. */
// deno-lint-ignore no-explicit-any
function bundleOf(name: string): any {
  const texts = Object.values(fixture(name).blobs).map((data) =>
    new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)))
  );
  return JSON.parse(texts.find((text) => text.includes("sigstore.bundle")) ?? "");
}

/** Attaches bytes as a bundle to a manifest. */
async function attach(
  registry: RunningRegistry,
  subject: Descriptor,
  bundle: unknown,
  change: Partial<Descriptor> = {},
): Promise<void> {
  const text = typeof bundle === "string" ? bundle : JSON.stringify(bundle);
  const layer = await registry.putBlob("app", new TextEncoder().encode(text));
  const config = await registry.putBlob("app", new TextEncoder().encode("{}"));
  await registry.putManifest("app", {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: BUNDLE,
    config: { ...config, mediaType: EMPTY },
    layers: [{ ...layer, mediaType: BUNDLE, ...change }],
    subject,
  }, MANIFEST);
}

const cases: {
  readonly name: string;
  readonly bundle: unknown;
  readonly reason: RegExp;
  readonly change?: Partial<Descriptor>;
  readonly requirement?: ReturnType<typeof byKey>;
}[] = [
  { name: "text that is not JSON", bundle: "no", reason: /^it is not JSON/ },
  { name: "JSON that is no object", bundle: "[1, 2]", reason: /^read the bundle: / },
  { name: "an empty object", bundle: {}, reason: /^read the bundle: / },
  {
    name: "a later format",
    bundle: { ...bundleOf("p256"), mediaType: BUNDLE.replace("0.3", "0.4") },
    reason: /unknown format "application\/vnd\.dev\.sigstore\.bundle\.v0\.4\+json"/,
  },
  {
    name: "a blob that is larger than 4 MiB",
    bundle: bundleOf("p256"),
    change: { size: 4 * 1024 * 1024 + 1 },
    reason: /^it has 4194305 bytes, expected at most 4194304/,
  },
  {
    name: "a blob that does not exist",
    bundle: bundleOf("p256"),
    change: { digest: parseDigest(`sha256:${"0".repeat(64)}`) },
    reason: /404 Not Found/,
  },
  {
    name: "a certificate that is expired, without a time of the signature",
    bundle: withoutTime(bundleOf("keyless")),
    requirement: byIdentity(),
    reason: /expected 1 timestamps, got 0/,
  },
  {
    name: "an identity that is not in a log",
    bundle: bundleOf("timestamp"),
    requirement: byIdentity(),
    reason: /expected 1 tlog entries, got 0/,
  },
  {
    name: "a certificate in place of a key",
    bundle: bundleOf("keyless"),
    reason: /^it is signed with a certificate, expected a key/,
  },
  {
    name: "a key in place of a certificate",
    bundle: bundleOf("p256"),
    requirement: byIdentity(),
    reason: /^it is signed with a key, expected a certificate/,
  },
];

// deno-lint-ignore no-explicit-any
function withoutTime({ verificationMaterial, ...bundle }: any): unknown {
  const { timestampVerificationData: _, tlogEntries, ...material } = verificationMaterial;
  const [{ inclusionPromise: __, ...entry }] = tlogEntries;
  return { ...bundle, verificationMaterial: { ...material, tlogEntries: [entry] } };
}

for (const { name, bundle, reason, change, requirement = byKey("p256") } of cases) {
  test(`createAdmission() rejects ${name}`, async () => {
    await using registry = await startRegistry();
    await putFixture(registry, fixture("app"), "app");
    const subject = { mediaType: MANIFEST, digest: parseDigest(DIGEST), size: 423 };
    await attach(registry, subject, bundle, change);
    const policy = policyOf([requirement]);
    const verdict = await checkImage(registry, { policy, repository: "app" });
    assert.equal(verdict.result, "rejected");
    assert.match(reasonsOf(verdict).join(), reason);
  });
}

test("createAdmission() rejects an identity of an authority that the trust root has retired", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("keyless"), "app");
  // deno-lint-ignore no-explicit-any
  const { certificateAuthorities: [authority], ...root } = ROOT as any;
  const retired = {
    ...authority,
    validFor: { ...authority.validFor, end: "2021-01-01T00:00:00Z" },
  };
  const trustRoot = { json: { ...root, certificateAuthorities: [retired] }, from: "test" };
  const policy = policyOf([byIdentity()]);
  const verdict = await checkImage(registry, { policy, repository: "app", trustRoot });
  assert.equal(verdict.result, "rejected");
  assert.match(reasonsOf(verdict).join(), /^verify: Failed to verify certificate chain/);
});

test("createAdmission() admits a signed time in place of a log, if the trust root has no log", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("timestamp"), "app");
  const trustRoot = { json: { ...ROOT as object, tlogs: [] }, from: "test" };
  const policy = policyOf([byIdentity()]);
  const verdict = await checkImage(registry, { policy, repository: "app", trustRoot });
  assert.equal(verdict.result, "admitted", JSON.stringify(verdict));
});

test("createAdmission() rejects the signature of another image", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "app");
  await attach(registry, descriptor, bundleOf("p256"));
  const policy = policyOf([byKey("p256")]);
  const options = { policy, repository: "app", digest: descriptor.digest };
  const verdict = await checkImage(registry, options);
  assert.equal(verdict.result, "rejected");
  assert.deepEqual(reasonsOf(verdict), ["it signs another digest"]);
});

test("createAdmission() rejects an image without signatures, listed or not", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("app"), "app");
  const policy = policyOf([byKey("p256")]);
  const verdict = await checkImage(registry, { policy, repository: "app" });
  assert.deepEqual([verdict.result, verdict.reason], ["rejected", "no signature was found"]);
});

test("createAdmission() names signatures in a format that it does not know", async () => {
  await using registry = await startRegistry();
  const { descriptor } = await putImage(registry, "app");
  for (const kind of ["vnd.cncf.notary.signature", "spdx+json"]) {
    await putReferrer(registry, "app", descriptor, {
      artifactType: `application/${kind}`,
      payload: "x",
    });
  }
  const policy = policyOf([byKey("p256")]);
  const { digest } = descriptor;
  const verdict = await checkImage(registry, { policy, repository: "app", digest });
  assert.equal(verdict.result, "rejected");
  assert.deepEqual(reasonsOf(verdict), ['unknown format "application/vnd.cncf.notary.signature"']);
});

test("createAdmission() rejects an image whose referrers cannot be listed", async () => {
  await using registry = await startRegistry({ referrers: false });
  await putFixture(registry, fixture("app"), "app");
  for (const path of ["/referrers/", `/manifests/${referrersTag(parseDigest(DIGEST))}`]) {
    registry.fail({ path, times: 99, action: { status: 500 } });
  }
  const policy = policyOf([byKey("p256")]);
  const verdict = await checkImage(registry, { policy, repository: "app" });
  registry.clearFaults();
  assert.equal(verdict.result, "rejected");
  assert.match(reasonsOf(verdict).join(), /500/);
});

test("createAdmission() rejects more bundles than it reads, even if the first is good", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("p256"), "app");
  const engine = await createTestEngine();
  const image = `${registry.host}/app@${DIGEST}`;
  const source = engine.openSource(image);
  const good = await source.listReferrers(parseDigest(DIGEST));
  let fetched = 0;
  const crowded: ContentSource = Object.create(source, {
    listReferrers: {
      value: () => Promise.resolve(Array.from({ length: 10_000 }, () => good[0])),
    },
    fetchManifest: { value: () => Promise.reject(new Error(`request ${++fetched}`)) },
  });
  const admission = createAdmission(policyOf([byKey("p256")]), {
    trustRoot: LOCAL_ROOT,
    now: Date.now,
  });
  const verdict = await admission.check(image, { source: crowded, open: () => crowded });
  assert.equal(verdict.result, "rejected");
  assert.match(verdict.reason, /has 10000 bundles, expected at most 64$/);
  assert.equal(fetched, 0);
});

test("createAdmission() rejects more referrers than a list may have, even if a tag has a good signature", async () => {
  const many = Array.from({ length: 10_001 }, (_, i) => ({
    mediaType: MANIFEST,
    artifactType: "application/spdx+json",
    digest: `sha256:${i.toString(16).padStart(64, "0")}`,
    size: 1,
  }));
  await using registry = await startRegistry();
  await putFixture(registry, fixture("legacy-p256"), "app");
  registry.fail({
    path: "/referrers/",
    action: { tamper: () => Response.json({ manifests: many }) },
  });
  const policy = policyOf([byKey("p256")]);
  const verdict = await checkImage(registry, { policy, repository: "app" });
  assert.equal(verdict.result, "rejected");
  assert.match(verdict.reason, /more than 10000 referrers/);
});

test("createAdmission() throws the error of a rate limit, so that the copy is postponed", async () => {
  const error = new CrossdockError("rate_limited", "too many requests");
  const source = { name: "a/b", listReferrers: () => Promise.reject(error) };
  const admission = createAdmission(policyOf([byKey("p256")]), {
    trustRoot: LOCAL_ROOT,
    now: Date.now,
  });
  const context = { source: source as unknown as ContentSource, open: () => assert.fail() };
  await assert.rejects(admission.check(`localhost/b@${DIGEST}`, context), error);
});

test("createAdmission() rejects an image that no entry, or two equal entries match", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("app"), "app");
  const host = registry.host;
  const entry = (images: string) => ({ images, rule: "accept" as const });
  const none = await checkImage(registry, { policy: [entry("ghcr.io/**")], repository: "app" });
  assert.deepEqual(
    [none.result, none.reason],
    ["rejected", "no entry of the policy matches its name"],
  );
  const patterns = [`${host}/*p`, `${host}/*a`.replace("*a", "*p")];
  const two = await checkImage(registry, { policy: patterns.map(entry), repository: "app" });
  assert.equal(two.result, "rejected");
  assert.match(two.reason, /^two patterns of the policy match and are equally specific: /);
  const most = await checkImage(registry, {
    policy: [{ images: "**", rule: "reject" }, entry(`${host}/**`)],
    repository: "app",
  });
  assert.deepEqual([most.result, most.images, most.overridden], ["admitted", `${host}/**`, ["**"]]);
});

test("createAdmission() rejects with a key that it does not support, and an unusable trust root", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("p256"), "app");
  const requirement = { signer: { type: "key" as const, pem: "-----BEGIN PUBLIC KEY-----" } };
  const policy = policyOf([requirement]);
  const verdict = await checkImage(registry, { policy, repository: "app" });
  assert.deepEqual(
    [verdict.result, verdict.reason],
    ["rejected", "the public key is not a key in PEM"],
  );
  const trustRoot = { json: { tlogs: [{}] }, from: "test" };
  const other = await checkImage(registry, {
    policy: policyOf([byKey("p256")]),
    repository: "app",
    trustRoot,
  });
  assert.equal(other.result, "rejected");
  assert.match(other.reason, /^read the trust root: /);
});

test("createAdmission() applies the entry of a registry to its other spellings", async () => {
  const admission = createAdmission(
    [{ images: "**", rule: "accept" }, { images: "ghcr.io/acme/**", rule: "reject" }],
    { trustRoot: LOCAL_ROOT, now: Date.now },
  );
  const context = { source: { name: "ghcr.io/acme/app" } as ContentSource, open: assert.fail };
  for (const registry of ["ghcr.io", "GHCR.IO", "ghcr.io:443", "ghcr.io:0443"]) {
    const verdict = await admission.check(`${registry}/acme/app@${DIGEST}`, context);
    assert.equal(verdict.result, "rejected", registry);
  }
});

const SIGNER = generateKeyPairSync("ed25519");
const BY_SIGNER: ReturnType<typeof byKey> = {
  signer: {
    type: "key",
    pem: SIGNER.publicKey.export({ type: "spki", format: "pem" }).toString(),
  },
};
const IN_TOTO = "application/vnd.in-toto+json";
const SIGNATURE_PREDICATE = "https://sigstore.dev/cosign/sign/v1";

/** A bundle with a statement, signed by the key of this test. */
function signStatement(statement: unknown, type = IN_TOTO): unknown {
  const text = typeof statement === "string" ? statement : JSON.stringify(statement);
  const signed = Buffer.from(`DSSEv1 ${type.length} ${type} ${Buffer.byteLength(text)} ${text}`);
  return {
    mediaType: BUNDLE,
    verificationMaterial: { publicKey: { hint: "" } },
    dsseEnvelope: {
      payloadType: type,
      payload: Buffer.from(text).toString("base64"),
      signatures: [{ sig: sign(null, signed, SIGNER.privateKey).toString("base64") }],
    },
  };
}

function statementAbout(digest: string, change: Record<string, unknown> = {}): object {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: digest.replace("sha256:", "") } }],
    predicateType: SIGNATURE_PREDICATE,
    ...change,
  };
}

const HEX = DIGEST.replace("sha256:", "");
const OTHER_HEX = "0".repeat(64);
const SIMPLE_SIGNING = {
  critical: {
    type: "cosign container image signature",
    image: { "docker-manifest-digest": DIGEST },
    identity: { "docker-reference": "ghcr.io/acme/app" },
  },
};

const statements: [name: string, statement: unknown, reason: RegExp, type?: string][] = [
  [
    "of several digests",
    statementAbout(DIGEST, {
      subject: [{ digest: { sha256: OTHER_HEX } }, { digest: { sha256: HEX } }],
    }),
    /^signed by key /,
  ],
  ["that is right", statementAbout(DIGEST), /^signed by key /],
  ["of upper case", statementAbout(DIGEST.toUpperCase()), /^it signs another digest$/],
  [
    "of another algorithm",
    statementAbout(DIGEST, {
      subject: [{ digest: { sha512: HEX, sha1: HEX } }],
    }),
    /^it signs another digest$/,
  ],
  ["with the digest as a prefix", statementAbout(`${DIGEST}00`), /^it signs another digest$/],
  ["with the digest as text", statementAbout(DIGEST, { subject: [{ digest: DIGEST }] }), /another/],
  [
    "with a list of digests",
    statementAbout(DIGEST, {
      subject: [{ digest: { sha256: [HEX] } }],
    }),
    /^it signs another digest$/,
  ],
  [
    "with the digest in the name",
    statementAbout(DIGEST, {
      subject: [{ name: DIGEST, digest: { sha256: OTHER_HEX } }],
    }),
    /^it signs another digest$/,
  ],
  ["without subjects", statementAbout(DIGEST, { subject: [] }), /^it signs another digest$/],
  ["with null as subject", statementAbout(DIGEST, { subject: [null] }), /another digest$/],
  [
    "with a subject that is no list",
    statementAbout(DIGEST, {
      subject: { digest: { sha256: HEX } },
    }),
    /^it signs another digest$/,
  ],
  [
    "with the subject twice, the second of another image",
    JSON.stringify(statementAbout(DIGEST)).replace(
      /}$/,
      `,"subject":[{"digest":{"sha256":"${OTHER_HEX}"}}]}`,
    ),
    /^it signs another digest$/,
  ],
  [
    "with the subject in __proto__",
    `{"_type":"https://in-toto.io/Statement/v1","predicateType":"${SIGNATURE_PREDICATE}",` +
    `"__proto__":{"subject":[{"digest":{"sha256":"${HEX}"}}]}}`,
    /^it signs another digest$/,
  ],
  [
    "of a longer predicate type",
    statementAbout(DIGEST, {
      predicateType: `${SIGNATURE_PREDICATE}/x`,
    }),
    /^it is attestation .*, expected a signature$/,
  ],
  [
    "of an attestation",
    statementAbout(DIGEST, {
      predicateType: "https://slsa.dev/provenance/v1",
    }),
    /^it is attestation .*, expected a signature$/,
  ],
  ["of no predicate type", statementAbout(DIGEST, { predicateType: undefined }), /not an in-toto/],
  [
    "of another version",
    statementAbout(DIGEST, {
      _type: "https://in-toto.io/Statement/v2",
    }),
    /not an in-toto/,
  ],
  [
    "of a list as version",
    statementAbout(DIGEST, {
      _type: ["https://in-toto.io/Statement/v2"],
    }),
    /not an in-toto/,
  ],
  ["with simple signing", SIMPLE_SIGNING, /not an in-toto/],
  ["of another payload type", statementAbout(DIGEST), /expected application/, "text/plain"],
  ["of simple signing, and its type", SIMPLE_SIGNING, /expected application/, "application/json"],
  ["that is not an object", "null", /^the payload is not an object$/],
];
for (const [name, statement, reason, type] of statements) {
  test(`createAdmission() reads a signed statement ${name}`, async () => {
    await using registry = await startRegistry();
    await putFixture(registry, fixture("app"), "app");
    const subject = { mediaType: MANIFEST, digest: parseDigest(DIGEST), size: 423 };
    await attach(registry, subject, signStatement(statement, type));
    const verdict = await checkImage(registry, {
      policy: policyOf([BY_SIGNER]),
      repository: "app",
    });
    assert.match(reasonsOf(verdict).join(), reason);
    const isRight = reason.source.startsWith("^signed");
    assert.equal(verdict.result, isRight ? "admitted" : "rejected");
  });
}

test("createAdmission() with children skips no entry that a runtime may choose", async () => {
  await using registry = await startRegistry();
  const options = { platforms: ["linux/amd64"], attestations: true };
  const { descriptor, images: [image], attestations: [attestation] } = await putIndex(
    registry,
    "app",
    options,
  );
  assert.ok(image && attestation);
  const attestations = { "vnd.docker.reference.type": "attestation-manifest" };
  const unknown = { os: "unknown", architecture: "unknown" };
  const amd64 = { os: "linux", architecture: "amd64" };
  const skipped = { ...image.descriptor, annotations: attestations, platform: unknown };
  const putEntries = async (...manifests: Descriptor[]): Promise<Descriptor> => {
    const { mediaType } = descriptor;
    return await registry.putManifest("app", { schemaVersion: 2, mediaType, manifests }, mediaType);
  };
  const cases: [name: string, index: Descriptor, result: string][] = [
    ["only an attestation", await putEntries(skipped), "admitted"],
    [
      "the annotation alone",
      await putEntries({
        ...image.descriptor,
        annotations: attestations,
      }),
      "rejected",
    ],
    [
      "the annotation and a platform",
      await putEntries({ ...skipped, platform: amd64 }),
      "rejected",
    ],
    [
      "the image twice",
      await putEntries(skipped, {
        ...image.descriptor,
        platform: amd64,
      }),
      "rejected",
    ],
    ["an image", descriptor, "rejected"],
  ];
  const policy = policyOf([BY_SIGNER], { children: true });
  for (const [name, index, result] of cases) {
    await attach(registry, index, signStatement(statementAbout(index.digest)));
    const { digest } = index;
    const verdict = await checkImage(registry, { policy, repository: "app", digest });
    assert.equal(verdict.result, result, name);
  }
  await attach(registry, image.descriptor, signStatement(statementAbout(image.descriptor.digest)));
  const { digest } = descriptor;
  const verdict = await checkImage(registry, { policy, repository: "app", digest });
  assert.equal(verdict.result, "admitted", JSON.stringify(verdict));
});

test("createAdmission() with children checks the images of nested indexes", async () => {
  await using registry = await startRegistry();
  const { descriptor: inner, images } = await putIndex(registry, "app", {
    platforms: ["linux/amd64", "linux/arm64"],
  });
  const { mediaType } = inner;
  const manifests = [inner, ...images.map(({ descriptor }) => descriptor)];
  const outer = await registry.putManifest(
    "app",
    { schemaVersion: 2, mediaType, manifests },
    mediaType,
  );
  const sign = async (descriptor: Descriptor): Promise<void> =>
    await attach(registry, descriptor, signStatement(statementAbout(descriptor.digest)));
  const policy = policyOf([BY_SIGNER], { children: true });
  const check = () => checkImage(registry, { policy, repository: "app", digest: outer.digest });
  for (const descriptor of [outer, ...manifests]) {
    assert.equal((await check()).result, "rejected");
    await sign(descriptor);
  }
  const { result, children } = await check();
  assert.equal(result, "admitted");
  assert.deepEqual(
    new Set(children?.map(({ digest }) => digest)),
    new Set(manifests.map(({ digest }) => digest)),
  );
});

test("createAdmission() with children rejects an index with more manifests than it checks", async () => {
  await using registry = await startRegistry({ strictManifests: false });
  const { descriptor } = await putImage(registry, "app");
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const manifests = Array.from({ length: 65 }, (_, i) => ({
    ...descriptor,
    digest: `sha256:${i.toString(16).padStart(64, "0")}`,
  }));
  const index = await registry.putManifest(
    "app",
    { schemaVersion: 2, mediaType, manifests },
    mediaType,
  );
  await attach(registry, index, signStatement(statementAbout(index.digest)));
  const policy = policyOf([BY_SIGNER], { children: true });
  const { digest } = index;
  const { result, reason } = await checkImage(registry, { policy, repository: "app", digest });
  assert.equal(result, "rejected");
  assert.match(reason, /the index has more than 64 manifests$/);
});

test("createAdmission() rejects more signatures at a tag than it reads, even if the first is good", async () => {
  await using registry = await startRegistry();
  const repository = fixture("legacy-p256");
  const tag = Object.keys(repository.tags).find((name) => name.endsWith(".sig")) ?? "";
  const { type, text } = repository.manifests[repository.tags[tag] ?? ""] ?? { type: "", text: "" };
  await putFixture(registry, repository, "app");
  const manifest = JSON.parse(text);
  for (const [count, result] of [[512, "admitted"], [513, "rejected"]] as const) {
    const layers = Array.from({ length: count }, () => manifest.layers[0]);
    await registry.putManifest("app", { ...manifest, layers }, type, [tag]);
    const policy = policyOf([byKey("p256")]);
    const verdict = await checkImage(registry, { policy, repository: "app" });
    assert.equal(verdict.result, result, verdict.reason);
  }
});

test("createAdmission() reads on after a log entry that it cannot read", async () => {
  await using registry = await startRegistry();
  const repository = fixture("legacy-keyless");
  const tag = Object.keys(repository.tags).find((name) => name.endsWith(".sig")) ?? "";
  const { type, text } = repository.manifests[repository.tags[tag] ?? ""] ?? { type: "", text: "" };
  await putFixture(registry, repository, "app");
  const manifest = JSON.parse(text);
  const [layer] = manifest.layers;
  const name = "dev.sigstore.cosign/bundle";
  const entry = JSON.parse(layer.annotations[name]);
  for (const logID of ["", "zz", "ab".repeat(200_000), null, 1, ["a"]]) {
    const changed = JSON.stringify({ ...entry, Payload: { ...entry.Payload, logID } });
    const junk = { ...layer, annotations: { ...layer.annotations, [name]: changed } };
    await registry.putManifest("app", { ...manifest, layers: [junk, layer] }, type, [tag]);
    const verdict = await checkImage(registry, {
      policy: policyOf([byIdentity()]),
      repository: "app",
    });
    assert.equal(verdict.result, "admitted", verdict.reason);
    assert.match(reasonsOf(verdict)[0] ?? "", /^its log entry names no log$/);
  }
});
