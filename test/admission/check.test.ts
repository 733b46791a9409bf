import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { loadTrustRoot } from "../../src/admission/trust_root.ts";
import { startRegistry } from "../support/registry.ts";
import {
  byIdentity,
  byKey,
  checkImage,
  DIGEST,
  fixture,
  ISSUER,
  policyOf,
  putFixture,
  reasonsOf,
  WORKFLOW,
} from "./support.ts";

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const SLSA = "https://slsa.dev/provenance/v1";

for (const referrers of [true, false]) {
  const where = referrers ? "the referrers API" : "the fallback tag";
  for (const key of ["p256", "p384", "p521", "rsa"]) {
    test(`createAdmission() admits a bundle of cosign 3 by ${where}, key ${key}`, async () => {
      await using registry = await startRegistry({ referrers });
      await putFixture(registry, fixture(key), "app");
      const verdict = await checkImage(registry, {
        policy: policyOf([byKey(key)]),
        repository: "app",
      });
      assert.deepEqual([verdict.result, verdict.digest], ["admitted", DIGEST], verdict.reason);
      assert.match(reasonsOf(verdict).join(), /^signed by key [0-9a-f]{16}$/);
    });
  }
}

test("createAdmission() rejects the signature of another key", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("p256"), "app");
  const verdict = await checkImage(registry, {
    policy: policyOf([byKey("p384")]),
    repository: "app",
  });
  assert.equal(verdict.result, "rejected");
  assert.match(reasonsOf(verdict).join(), /^it names another key/);
});

test("createAdmission() admits an identity that a certificate proves", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("keyless"), "app");
  const verdict = await checkImage(registry, {
    policy: policyOf([byIdentity()]),
    repository: "app",
  });
  assert.equal(verdict.result, "admitted", JSON.stringify(verdict));
  assert.match(reasonsOf(verdict).join(), /^signed by https:\/\/github\.com\/acme\/app\//);
});

test("createAdmission() compares the whole identity and issuer", async (context) => {
  await using registry = await startRegistry();
  for (const name of ["keyless", "longer", "embedded"]) {
    await putFixture(registry, fixture(name), name);
  }
  const cases = [
    { name: "more after the identity", repository: "longer" },
    { name: "the identity within another", repository: "embedded" },
    { name: "part of the identity", repository: "keyless", identity: "https://github.com/acme/*" },
    { name: "part of the issuer", repository: "keyless", issuer: "https://token.actions" },
    {
      name: "another organisation",
      repository: "keyless",
      identity: WORKFLOW.replace("acme", "b"),
    },
  ];
  for (const { name, repository, identity = WORKFLOW, issuer = ISSUER } of cases) {
    await context.test(name, async () => {
      const verdict = await checkImage(registry, {
        policy: policyOf([byIdentity(identity, issuer)]),
        repository,
      });
      assert.equal(verdict.result, "rejected");
      assert.match(reasonsOf(verdict).join(), /^it is signed by .*, expected /);
    });
  }
});

test("createAdmission() admits an attestation of the right type only", async (context) => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("attested"), "app");
  const cases = [
    { name: "its type", requirement: byKey("p256", SLSA), result: "admitted" },
    { name: "another type", requirement: byKey("p256", "https://example.com"), result: "rejected" },
    { name: "as a signature", requirement: byKey("p256"), result: "rejected" },
    { name: "another key", requirement: byKey("rsa", SLSA), result: "rejected" },
  ];
  for (const { name, requirement, result } of cases) {
    await context.test(name, async () => {
      const policy = policyOf([requirement]);
      const verdict = await checkImage(registry, { policy, repository: "app" });
      assert.equal(verdict.result, result, JSON.stringify(verdict));
    });
  }
});

test("createAdmission() admits a bundle with an Ed25519 key", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("app"), "app");
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const statement = JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: DIGEST.replace("sha256:", "") } }],
    predicateType: "https://sigstore.dev/cosign/sign/v1",
  });
  const type = "application/vnd.in-toto+json";
  const signed = Buffer.from(`DSSEv1 ${type.length} ${type} ${statement.length} ${statement}`);
  const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";
  const bundle = {
    mediaType,
    verificationMaterial: { publicKey: { hint: "" } },
    dsseEnvelope: {
      payloadType: type,
      payload: Buffer.from(statement).toString("base64"),
      signatures: [{ sig: sign(null, signed, privateKey).toString("base64") }],
    },
  };
  const layer = await registry.putBlob("app", Buffer.from(JSON.stringify(bundle)));
  const config = await registry.putBlob("app", Buffer.from("{}"));
  await registry.putManifest("app", {
    schemaVersion: 2,
    artifactType: mediaType,
    config: { ...config, mediaType: "application/vnd.oci.empty.v1+json" },
    layers: [{ ...layer, mediaType }],
    subject: { mediaType: MANIFEST, digest: DIGEST, size: 423 },
  }, MANIFEST);
  const policy = policyOf([{ signer: { type: "key", pem } }]);
  const verdict = await checkImage(registry, { policy, repository: "app" });
  assert.equal(verdict.result, "admitted", JSON.stringify(verdict));
});

test("createAdmission() requires any or all of the signers", async (context) => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("p256"), "app");
  const cases = [
    { name: "any", require: "any", keys: ["rsa", "p256"], result: "admitted" },
    { name: "all", require: "all", keys: ["rsa", "p256"], result: "rejected" },
    { name: "none", require: "any", keys: ["rsa", "p384"], result: "rejected" },
  ] as const;
  for (const { name, require, keys, result } of cases) {
    await context.test(name, async () => {
      const policy = policyOf(keys.map((key) => byKey(key)), { require });
      const verdict = await checkImage(registry, { policy, repository: "app" });
      assert.equal(verdict.result, result, JSON.stringify(verdict));
    });
  }
});

test("createAdmission() names in one sentence why requirements are not met", async () => {
  await using registry = await startRegistry();
  for (const name of ["p256", "keyless"]) await putFixture(registry, fixture(name), "app");
  const check = async (...names: string[]): Promise<string> => {
    const policy = policyOf(names.map((name) => byKey(name)));
    return (await checkImage(registry, { policy, repository: "app" })).reason;
  };
  const unmet = /none of 2 candidates is accepted: /;
  const reasons = [
    /it names another key: "[^"]+"/,
    /it is signed with a certificate, expected a key/,
  ];
  for (const pattern of [unmet, ...reasons]) assert.match(await check("rsa"), pattern);
  const all = await check("p256", "rsa");
  assert.match(all, /^1 of 2 requirements are met, all must be: signature by key \w+: none of 2 /);
  for (const pattern of reasons) assert.match(all, pattern);
  await putFixture(registry, fixture("app"), "unsigned");
  const policy = policyOf([byKey("p256"), byKey("rsa")], { require: "any" });
  const { reason } = await checkImage(registry, { policy, repository: "unsigned" });
  assert.equal(
    reason,
    "0 of 2 requirements are met, at least 1 must be: no signature was found",
  );
});

test("createAdmission() reads signatures from another repository", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("app"), "app");
  await putFixture(registry, fixture("p256"), "signatures");
  const from = `${registry.host}/signatures`;
  const policy = policyOf([byKey("p256")], { from });
  const verdict = await checkImage(registry, { policy, repository: "app" });
  assert.equal(verdict.result, "admitted", JSON.stringify(verdict));
});

test("createAdmission() checks each manifest of an index with children", async () => {
  await using registry = await startRegistry();
  const index = fixture("index");
  await putFixture(registry, index, "app");
  const policy = policyOf([byKey("p256")]);
  const digest = index.tags["1"] ?? "";
  const options = { policy, repository: "app", digest };
  const root = await checkImage(registry, options);
  assert.equal(root.result, "admitted", JSON.stringify(root));
  const children = policyOf([byKey("p256")], { children: true });
  const all = await checkImage(registry, { ...options, policy: children });
  assert.equal(all.result, "rejected");
  assert.equal(all.reason, `manifest ${DIGEST}: no signature was found`);
  await putFixture(registry, fixture("p256"), "app");
  const signed = await checkImage(registry, { ...options, policy: children });
  assert.equal(signed.result, "admitted", JSON.stringify(signed));
  assert.deepEqual(signed.children?.map(({ digest }) => digest), [DIGEST]);
});

test("createAdmission() shows the trust root, and warns of an old one", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("p256"), "app");
  const trustRoot = await loadTrustRoot();
  const options = { policy: policyOf([byKey("p256")]), repository: "app", trustRoot };
  const now = await checkImage(registry, { ...options, now: () => Date.parse("2026-10-11") });
  assert.deepEqual(
    [now.trustRoot, now.warnings],
    ["Sigstore's public instance, of 2026-10-01 (10 days old)", []],
  );
  const later = await checkImage(registry, { ...options, now: () => Date.parse("2027-10-01") });
  assert.match(later.warnings.join(), /^the trust root is 365 days old: /);
});

for (const key of ["p256", "p384", "p521", "rsa"]) {
  test(`createAdmission() admits a signature of cosign 2, key ${key}`, async () => {
    await using registry = await startRegistry();
    await putFixture(registry, fixture(`legacy-${key}`), "app");
    const policy = policyOf([byKey(key)]);
    const verdict = await checkImage(registry, { policy, repository: "app" });
    assert.equal(verdict.result, "admitted", JSON.stringify(verdict));
    const other = policyOf([byKey(key === "p256" ? "rsa" : "p256")]);
    const wrong = await checkImage(registry, { policy: other, repository: "app" });
    assert.equal(wrong.result, "rejected");
    assert.match(reasonsOf(wrong).join(), /signature verification failed/);
  });
}

test("createAdmission() admits an identity, and an attestation, of cosign 2", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("legacy-keyless"), "app");
  await putFixture(registry, fixture("legacy-attested"), "app");
  const policy = policyOf([byIdentity(), byKey("p256", SLSA)]);
  const verdict = await checkImage(registry, { policy, repository: "app" });
  assert.equal(verdict.result, "admitted", JSON.stringify(verdict));
});

test("createAdmission() rejects a change of each part of a signature of cosign 2", async (context) => {
  await using registry = await startRegistry();
  const repository = fixture("legacy-keyless");
  const tag = Object.keys(repository.tags).find((name) => name.endsWith(".sig")) ?? "";
  const { type, text } = repository.manifests[repository.tags[tag] ?? ""] ?? { type: "", text: "" };
  const annotations: Record<string, string> = JSON.parse(text).layers[0].annotations;
  const policy = policyOf([byIdentity()]);
  for (const [name, value] of Object.entries(annotations)) {
    // The chain repeats certificates of the trust root.
    if (name.endsWith("/chain")) continue;
    await context.test(name, async () => {
      await putFixture(registry, repository, "app");
      const manifest = JSON.parse(text);
      const middle = Math.floor(value.length / 2);
      const other = value[middle] === "B" ? "C" : "B";
      manifest.layers[0].annotations[name] = value.slice(0, middle) + other +
        value.slice(middle + 1);
      await registry.putManifest("app", manifest, type, [tag]);
      const verdict = await checkImage(registry, { policy, repository: "app" });
      assert.equal(verdict.result, "rejected", JSON.stringify(verdict));
    });
  }
  await context.test("the payload", async () => {
    await putFixture(registry, repository, "app");
    const manifest = JSON.parse(text);
    const payload = atob(repository.blobs[manifest.layers[0].digest] ?? "");
    const changed = payload.replace('"optional":', '"optionaI":');
    assert.notEqual(changed, payload);
    const blob = await registry.putBlob("app", new TextEncoder().encode(changed));
    Object.assign(manifest.layers[0], blob);
    await registry.putManifest("app", manifest, type, [tag]);
    const verdict = await checkImage(registry, { policy, repository: "app" });
    assert.equal(verdict.result, "rejected", JSON.stringify(verdict));
  });
});

test("createAdmission() rejects Ed25519ph, with which cosign 2 signs by an Ed25519 key", async () => {
  await using registry = await startRegistry();
  await putFixture(registry, fixture("legacy-ed25519"), "app");
  const policy = policyOf([byKey("ed25519")]);
  const verdict = await checkImage(registry, { policy, repository: "app" });
  assert.deepEqual(reasonsOf(verdict), ["verify: signature verification failed"]);
});
