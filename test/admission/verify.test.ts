import assert from "node:assert/strict";
import { test } from "node:test";
import { loadTrustRoot } from "../../src/admission/trust_root.ts";
import { createVerifier } from "../../src/admission/verify.ts";
import { CandidateError } from "../../src/admission/candidate_error.ts";
import { KEYS, ROOT, SIGSTORE_JS } from "./fixtures.ts";
import { bundleOf, listMutants, SIGNED } from "./mutants.ts";
import { DIGEST, ISSUER } from "./support.ts";
import { verifyBundle } from "./verify_bundle.ts";

const IDENTITY = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";

for (const [name, key] of SIGNED) {
  test(`createVerifier() rejects a change of each field of a bundle: ${name}`, async (context) => {
    const options = { root: ROOT, digest: DIGEST, pem: key && KEYS[key] };
    const signer = key ? "the key" : `${IDENTITY} of ${ISSUER}`;
    assert.equal(verifyBundle(bundleOf(name), options), signer);
    const mutants = listMutants(name);
    assert.ok(mutants.length > 8, `${mutants.length} changes`);
    for (const { name, bundle } of mutants) {
      await context.test(name, () => {
        assert.throws(() => verifyBundle(bundle, options), CandidateError);
      });
    }
  });
}

test("createVerifier() accepts the bundles of sigstore-js, of Rekor 1 and 2, by the shipped trust root", async (context) => {
  const { json } = await loadTrustRoot();
  const verifier = createVerifier(json);
  const { V1, V3 } = SIGSTORE_JS;
  const artifact = new TextEncoder().encode("hello, world!");
  const bundles = {
    "v0.1, message": V1.MESSAGE_SIGNATURE.WITH_SIGNING_CERT,
    "v0.1, intoto": V1.DSSE.WITH_SIGNING_CERT.TLOG_INTOTO,
    "v0.1, dsse": V1.DSSE.WITH_SIGNING_CERT.TLOG_DSSE,
    "v0.3, Rekor 2, dsse": V3.DSSE.WITH_SIGNING_CERT.TLOG_DSSEV002,
    "v0.3, Rekor 2, message": V3.MESSAGE_SIGNATURE.TLOG_HASHEDREKORDV002,
  };
  for (const [name, { verificationMaterial, ...rest }] of Object.entries(bundles)) {
    // Those of v0.1 also have a timestamp of an authority that is not in the trust root.
    const { timestampVerificationData: timestamps, ...material } = verificationMaterial;
    const kept = name.includes("Rekor 2") ? { timestampVerificationData: timestamps } : {};
    const bundle = { ...rest, verificationMaterial: { ...material, ...kept } };
    await context.test(name, () => {
      const { issuer, identity } = verifier.open(bundle, artifact).verifyKeyless();
      assert.match(issuer, /^https:\/\//);
      assert.notEqual(identity, "");
    });
    if (!name.includes("message")) continue;
    await context.test(`${name}, of other bytes`, () => {
      const other = new TextEncoder().encode("hello, world?");
      assert.throws(() => verifier.open(bundle, other).verifyKeyless(), CandidateError);
    });
  }
});
