import assert from "node:assert/strict";
import { after, test } from "node:test";
import { KEYS, ROOT } from "../admission/fixtures.ts";
import { bundleOf, listMutants, SIGNED } from "../admission/mutants.ts";
import { DIGEST } from "../admission/support.ts";
import { startWorker } from "../support/workerd.ts";
import type { BundlesToVerify } from "./mutants_worker.ts";

const worker = await startWorker({
  script: new URL("./mutants_worker.ts", import.meta.url),
  flags: ["nodejs_compat"],
});
after(() => worker[Symbol.asyncDispose]());

for (const [name, key] of SIGNED) {
  test(`createVerifier() in workerd rejects a change of each field of a bundle: ${name}`, async () => {
    const mutants = listMutants(name);
    const body: BundlesToVerify = {
      root: ROOT,
      digest: DIGEST,
      pem: key && KEYS[key],
      bundles: [bundleOf(name), ...mutants.map(({ bundle }) => bundle)],
    };
    const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const [signer, ...results]: string[] = JSON.parse(text);
    assert.match(signer ?? "", key ? /^the key$/ : /release\.yml@refs\/tags\/v1 of https:/);
    assert.ok(mutants.length > 8, `${mutants.length} changes`);
    const others = mutants.filter((_, i) => results[i] !== "rejected");
    assert.deepEqual(others.map(({ name }) => name), []);
  });
}
