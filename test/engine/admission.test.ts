import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../src/admission/check.ts";
import type { AdmissionPolicy } from "../../src/admission/policy.ts";
import type { AdmissionVerdict } from "../../src/copy/admission.ts";
import { CrossdockError } from "../../src/errors.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import { byKey, DIGEST, fixture, LOCAL_ROOT, policyOf, putFixture } from "../admission/support.ts";
import { putImage, putIndex } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

async function startChecked(policy: AdmissionPolicy): Promise<Pair> {
  const admission = createAdmission(policy, { trustRoot: LOCAL_ROOT, now: Date.now });
  return await startPair({ engine: { admission } });
}

/** The requests that change the destination. */
function writesOf({ destination }: Pair): string[] {
  return destination.requests.filter(({ method }) => !["GET", "HEAD"].includes(method))
    .map(({ method, path }) => `${method} ${path}`);
}

test("copy() copies an image that the policy admits, and reports the verdict", async () => {
  await using pair = await startChecked(policyOf([byKey("p256")]));
  await putFixture(pair.source, fixture("p256"), "app");
  const report = await pair.engine.copy(requestOf(pair));
  assert.equal(report.digest, DIGEST);
  assert.equal(report.admission?.result, "admitted");
  assert.equal(report.admission.digest, DIGEST);
  assert.equal(pair.destination.getManifest("app", "1")?.digest, DIGEST);
});

for (const name of ["app", "rsa"]) {
  test(`copy() writes nothing if the policy rejects the image: ${name}`, async () => {
    await using pair = await startChecked(policyOf([byKey("p256")]));
    await putFixture(pair.source, fixture(name), "app");
    await assert.rejects(
      pair.engine.copy(requestOf(pair)),
      (error) =>
        error instanceof CrossdockError && error.code === "rejected" && error.side === "source",
    );
    assert.deepEqual(writesOf(pair), []);
    const plan = await pair.engine.plan(requestOf(pair));
    assert.equal(plan.admission?.result, "rejected");
    assert.deepEqual(writesOf(pair), []);
  });
}

test("copy() does not check an image that the destination has", async () => {
  await using pair = await startChecked(policyOf([byKey("rsa")]));
  await putImage(pair.source, "app", { tag: "1" });
  await putImage(pair.destination, "app", { tag: "1" });
  const report = await pair.engine.copy(requestOf(pair));
  assert.deepEqual([report.result, report.admission], ["unchanged", undefined]);
});

const WRONG_ANSWERS: [name: string, answer: unknown][] = [
  ["a verdict about another digest", verdictAbout(`sha256:${"0".repeat(64)}`)],
  ["a verdict without a digest", { ...verdictAbout(DIGEST), digest: undefined }],
  ["no verdict", null],
  ["an empty object", {}],
  ["a list", []],
  ["text", "admitted"],
  ["a number", 0],
];

function verdictAbout(digest: string): AdmissionVerdict {
  return {
    image: "localhost/app",
    digest: parseDigest(digest),
    result: "admitted",
    reason: "",
    requirements: [],
    warnings: [],
  };
}

for (const [name, answer] of WRONG_ANSWERS) {
  test(`copy(), plan() and rules reject an image if the check returns ${name}`, async () => {
    const check = () => Promise.resolve(answer as AdmissionVerdict);
    await using pair = await startPair({ engine: { admission: { check } } });
    await putImage(pair.source, "app", { tag: "1" });
    await assert.rejects(pair.engine.copy(requestOf(pair)), { code: "rejected" });
    await assert.rejects(pair.engine.plan(requestOf(pair)), { code: "rejected" });
    const request = requestOf(pair);
    const comparison = await pair.engine.batch().open(request.source).compare(request);
    await assert.rejects(comparison.admit(), { code: "rejected" });
    await assert.rejects(comparison.copy?.() ?? assert.fail(), { code: "rejected" });
    assert.deepEqual(writesOf(pair), []);
  });
}

test("copy() of one platform checks the digest of the source's index", async () => {
  await using pair = await startChecked([{ images: "**", rule: "accept" }]);
  const platforms = ["linux/amd64", "linux/arm64"];
  const { descriptor } = await putIndex(pair.source, "app", { tag: "1", platforms });
  for (const index of ["unwrap", "rebuild"] as const) {
    const request = { ...requestOf(pair), platforms: ["linux/amd64"], index };
    const plan = await pair.engine.plan(request);
    assert.notEqual(plan.root.digest, descriptor.digest);
    assert.equal(plan.admission?.digest, descriptor.digest);
  }
});

test("admit() checks an image without copying it", async () => {
  await using pair = await startChecked(policyOf([byKey("p256")]));
  await putFixture(pair.source, fixture("p256"), "app");
  const verdict = await pair.engine.admit(`${pair.source.host}/app:1`);
  assert.deepEqual([verdict.result, verdict.digest], ["admitted", DIGEST]);
  await assert.rejects(pair.engine.admit(`${pair.source.host}/app:2`), { code: "not_found" });
  await using open = await startPair();
  await assert.rejects(open.engine.admit(`localhost/app@${DIGEST}`), { code: "usage" });
});
