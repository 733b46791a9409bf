import assert from "node:assert/strict";
import { after, test } from "node:test";
import { loadTrustRoot } from "../../src/admission/trust_root.ts";
import { KEYS, ROOT } from "../admission/fixtures.ts";
import { ARTIFACT, bundleOf, listMutants, PUBLIC, SIGNED } from "../admission/mutants.ts";
import type { Json } from "../admission/mutants.ts";
import { DIGEST } from "../admission/support.ts";
import type { VerifyBundleOptions } from "../admission/verify_bundle.ts";
import { startWorker } from "../support/workerd.ts";
import type { BundlesToVerify } from "./mutants_worker.ts";

const worker = await startWorker({
  script: new URL("./mutants_worker.ts", import.meta.url),
  flags: ["nodejs_compat"],
});
after(() => worker[Symbol.asyncDispose]());

const { json: publicRoot } = await loadTrustRoot();

const cases: { name: string; bundle: Json; options: VerifyBundleOptions }[] = [
  ...SIGNED.map(([name, key]) => ({
    name,
    bundle: bundleOf(name),
    options: { root: ROOT, digest: DIGEST, pem: key && KEYS[key] },
  })),
  ...PUBLIC.map(([name, bundle]) => ({
    name,
    bundle,
    options: { root: publicRoot, artifact: ARTIFACT },
  })),
];

for (const { name, bundle, options } of cases) {
  test(`createVerifier() in workerd rejects a change of each field of a bundle: ${name}`, async () => {
    const mutants = listMutants(bundle);
    const bundles = [bundle, ...mutants.map(({ bundle }) => bundle)];
    const body: BundlesToVerify = { ...options, bundles };
    const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const [signer, ...results]: string[] = JSON.parse(text);
    assert.match(signer ?? "", options.pem ? /^the key$/ : /^\S+ of https:/);
    assert.ok(mutants.length > 8, `${mutants.length} changes`);
    const others = mutants.filter((_, i) => results[i] !== "rejected");
    assert.deepEqual(others.map(({ name }) => name), []);
  });
}
