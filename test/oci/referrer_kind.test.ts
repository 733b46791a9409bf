import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOfDigestTag, kindOfReferrer } from "../../src/oci/referrer_kind.ts";
import type { ReferrerKind } from "../../src/oci/referrer_kind.ts";

const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const IN_TOTO = "application/vnd.in-toto+json";

function bundle(content: string, predicateType?: string): Record<string, string> {
  return {
    "dev.sigstore.bundle.content": content,
    ...(predicateType ? { "dev.sigstore.bundle.predicateType": predicateType } : {}),
  };
}

const CASES: [kind: ReferrerKind, artifactType: string, annotations?: Record<string, string>][] = [
  ["signature", "application/vnd.cncf.notary.signature"],
  ["signature", "application/vnd.dev.cosign.artifact.sig.v1+json"],
  ["signature", BUNDLE],
  ["signature", BUNDLE, bundle("message-signature")],
  ["signature", BUNDLE, bundle("dsse-envelope", "https://sigstore.dev/cosign/sign/v1")],
  ["provenance", BUNDLE, bundle("dsse-envelope", "https://slsa.dev/provenance/v1")],
  ["sbom", BUNDLE, bundle("dsse-envelope", "https://spdx.dev/Document/v2.3")],
  ["other", BUNDLE, bundle("dsse-envelope", "https://in-toto.io/attestation/vulns/v0.1")],
  ["other", BUNDLE, bundle("dsse-envelope")],
  ["sbom", "application/spdx+json"],
  ["sbom", "text/spdx"],
  ["sbom", "application/vnd.cyclonedx+json"],
  ["sbom", "application/vnd.syft+json"],
  ["sbom", "application/vnd.dev.cosign.artifact.sbom.v1+json"],
  ["sbom", IN_TOTO, { "in-toto.io/predicate-type": "https://cyclonedx.org/bom/v1.6" }],
  ["provenance", IN_TOTO, { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" }],
  ["other", IN_TOTO, { "in-toto.io/predicate-type": "https://openvex.dev/ns/v0.2.0" }],
  ["other", IN_TOTO, { "in-toto.io/predicate-type": "https://cyclonedx.org/vex" }],
  ["other", IN_TOTO],
  ["other", "application/vnd.oci.image.config.v1+json"],
  ["other", ""],
];

for (const [kind, artifactType, annotations] of CASES) {
  test(`kindOfReferrer() of ${artifactType} ${JSON.stringify(annotations ?? {})} is ${kind}`, () => {
    assert.equal(kindOfReferrer({ artifactType, ...(annotations ? { annotations } : {}) }), kind);
  });
}

test("kindOfReferrer() of a referrer without a type is other", () => {
  assert.equal(kindOfReferrer({}), "other");
});

test("kindOfDigestTag() reads the type of an attestation from its layers", () => {
  const layer = (predicateType: string): { annotations: Record<string, string> } => ({
    annotations: { predicateType },
  });
  assert.equal(kindOfDigestTag("sig", []), "signature");
  assert.equal(kindOfDigestTag("sbom", []), "sbom");
  assert.equal(kindOfDigestTag("att", []), "other");
  assert.equal(
    kindOfDigestTag("att", [{}, layer("https://slsa.dev/provenance/v0.2")]),
    "provenance",
  );
  assert.equal(kindOfDigestTag("att", [layer("https://spdx.dev/Document")]), "sbom");
});
