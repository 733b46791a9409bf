import assert from "node:assert/strict";
import { test } from "node:test";
import { loadTrustRoot } from "../../src/admission/trust_root.ts";
import { CandidateError } from "../../src/admission/candidate_error.ts";
import { KEYS, ROOT } from "./fixtures.ts";
import { ARTIFACT, bundleOf, listMutants, PUBLIC, SIGNED } from "./mutants.ts";
import { DIGEST, ISSUER } from "./support.ts";
import { verifyBundle } from "./verify_bundle.ts";

const IDENTITY = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1";

for (const [name, key] of SIGNED) {
  test(`createVerifier() rejects a change of each field of a bundle: ${name}`, async (context) => {
    const options = { root: ROOT, digest: DIGEST, pem: key && KEYS[key] };
    const signer = key ? "the key" : `${IDENTITY} of ${ISSUER}`;
    assert.equal(verifyBundle(bundleOf(name), options), signer);
    const mutants = listMutants(bundleOf(name));
    assert.ok(mutants.length > 8, `${mutants.length} changes`);
    for (const { name, bundle } of mutants) {
      await context.test(name, () => {
        assert.throws(() => verifyBundle(bundle, options), CandidateError);
      });
    }
  });
}

for (const [name, bundle] of PUBLIC) {
  test(`createVerifier() accepts a bundle of sigstore-js by the shipped trust root, and no change of it: ${name}`, async (context) => {
    const { json: root } = await loadTrustRoot();
    const options = { root, artifact: ARTIFACT };
    assert.match(verifyBundle(bundle, options), /^\S+ of https:/);
    if (name.includes("message")) {
      const other = { root, artifact: "hello, world?" };
      assert.throws(() => verifyBundle(bundle, other), CandidateError);
    }
    for (const mutant of listMutants(bundle)) {
      await context.test(mutant.name, () => {
        assert.throws(() => verifyBundle(mutant.bundle, options), CandidateError);
      });
    }
  });
}
