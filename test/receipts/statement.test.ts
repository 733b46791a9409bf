import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceiptStep } from "../../src/copy/step.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";
import { makeStatement } from "../../src/receipts/statement.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);
const C = "c".repeat(64);
const NOW = Date.parse("2026-11-27T10:00:00.5Z");

const STEP: ReceiptStep = {
  type: "receipt",
  destination: "mirror.example.com/app",
  descriptor: { mediaType: OCI_MANIFEST, digest: `sha256:${A}`, size: 1 },
  name: "mirror.example.com/app",
  image: `ghcr.io/acme/app:1.4@sha256:${B}`,
};

test("makeStatement() says who copied what from where, and when", () => {
  assert.deepEqual(makeStatement(STEP, NOW), {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "mirror.example.com/app", digest: { sha256: A } }],
    predicateType: "urn:crossdock:receipt:v1",
    predicate: {
      copier: { id: "urn:crossdock", version: { crossdock: "0.2.0" } },
      source: { name: "ghcr.io/acme/app:1.4", digest: { sha256: B } },
      copiedAt: "2026-11-27T10:00:00.500Z",
    },
  });
});

test("makeStatement() is no verification summary if the policy admits every image", () => {
  const policy = { images: "ghcr.io/**", checkedAt: "2026-11-27T09:59:00.000Z", attestations: [] };
  const { predicateType, predicate } = makeStatement({ ...STEP, policy }, NOW);
  assert.equal(predicateType, "urn:crossdock:receipt:v1");
  assert.deepEqual((predicate as { policy: unknown }).policy, {
    images: "ghcr.io/**",
    result: "admitted",
  });
});

test("makeStatement() is a verification summary if signatures admitted the image", () => {
  const policy = {
    images: "ghcr.io/acme/**",
    checkedAt: "2026-11-27T09:59:00.000Z",
    attestations: [
      `ghcr.io/acme/app@sha256:${C}`,
      `ghcr.io/acme/app:sha256-${B}.sig, layer sha256:${A}`,
    ],
  };
  const statement = makeStatement({ ...STEP, policy }, NOW);
  assert.equal(statement.predicateType, "https://slsa.dev/verification_summary/v1");
  assert.deepEqual(statement.predicate, {
    verifier: { id: "urn:crossdock", version: { crossdock: "0.2.0" } },
    timeVerified: "2026-11-27T09:59:00.000Z",
    resourceUri: `pkg:oci/app@sha256%3A${A}?repository_url=mirror.example.com%2Fapp`,
    policy: { uri: "urn:crossdock:admission:ghcr.io%2Facme%2F**" },
    inputAttestations: [
      { name: `ghcr.io/acme/app@sha256:${C}`, digest: { sha256: C } },
      { name: `ghcr.io/acme/app:sha256-${B}.sig, layer sha256:${A}`, digest: { sha256: A } },
    ],
    verificationResult: "PASSED",
    verifiedLevels: ["SIGNATURES_VERIFIED"],
    slsaVersion: "1.1",
    "urn:crossdock:receipt:source": {
      name: "ghcr.io/acme/app:1.4",
      digest: { sha256: B },
      copiedAt: "2026-11-27T10:00:00.500Z",
    },
  });
});

test("makeStatement() leaves out the path of a file", () => {
  const image = `oci-archive:/home/someone/app.tar:1@sha256:${B}`;
  const { predicate } = makeStatement({ ...STEP, image }, NOW);
  assert.deepEqual((predicate as { source: unknown }).source, { digest: { sha256: B } });
});
