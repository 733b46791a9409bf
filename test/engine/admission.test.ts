import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../src/admission/check.ts";
import type { AdmissionPolicy } from "../../src/admission/policy.ts";
import type { AdmissionCheck, AdmissionVerdict } from "../../src/copy/admission.ts";
import type { CopyEvent, Plan } from "../../src/copy/model.ts";
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
    const plans: Plan[] = [];
    const emit = (event: CopyEvent): void => {
      if (event.type === "plan") plans.push(event.plan);
    };
    await assert.rejects(
      pair.engine.copy(requestOf(pair), { emit }),
      (error) =>
        error instanceof CrossdockError && error.code === "rejected" && error.side === "source",
    );
    assert.deepEqual(writesOf(pair), []);
    const plan = await pair.engine.plan(requestOf(pair));
    assert.deepEqual(plans.map(({ admission }) => admission), [plan.admission]);
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

test("copy() names a repository of referrers to the check only if it is another one", async () => {
  const names: unknown[] = [];
  const admission: AdmissionCheck = {
    check(image, { referrerSource }): Promise<AdmissionVerdict> {
      names.push(referrerSource?.name);
      return Promise.resolve(verdictAbout(image.split("@")[1] ?? ""));
    },
  };
  await using pair = await startPair({ engine: { admission } });
  await putImage(pair.source, "app", { tag: "1" });
  const request = requestOf(pair);
  const referrerSource = `${pair.source.host}/signatures`;
  await pair.engine.plan(request);
  await pair.engine.plan({ ...request, referrerSource });
  assert.deepEqual(names, [undefined, referrerSource]);
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

test("copy() copies the digest that was checked, if the tag moves during the check", async () => {
  const checked = createAdmission([{ images: "**", rule: "accept" }], {
    trustRoot: LOCAL_ROOT,
    now: Date.now,
  });
  let move = async (): Promise<void> => {};
  const admission: AdmissionCheck = {
    async check(image, context): Promise<AdmissionVerdict> {
      const verdict = await checked.check(image, context);
      await move();
      return verdict;
    },
  };
  await using pair = await startPair({ engine: { admission } });
  const first = await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64"] });
  move = async () => {
    await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64"], seed: 2 });
  };
  const { descriptor: { digest } } = first;
  const request = requestOf(pair);
  const comparison = await pair.engine.batch().open(request.source).compare(request);
  assert.equal((await comparison.copy?.())?.digest, digest);
  await putIndex(pair.source, "app", { tag: "1", platforms: ["linux/amd64"] });
  const report = await pair.engine.copy({ ...request, additionalTags: ["2"] });
  assert.equal(report.digest, digest);
  for (const tag of ["1", "2"]) {
    assert.equal(pair.destination.getManifest("app", tag)?.digest, digest);
  }
});

test("batch() checks each source of the same image, also if only a tag is put", async () => {
  await using pair = await startChecked([
    { images: "**/good", rule: "accept" },
    { images: "**/bad", rule: "reject" },
  ]);
  const batch = pair.engine.batch();
  for (const name of ["good", "bad"]) await putImage(pair.source, name, { tag: "1" });
  const copyOf = async (name: string): Promise<unknown> => {
    const source = `${pair.source.host}/${name}:1`;
    const destination = `${pair.destination.host}/app:${name}`;
    const comparison = await batch.open(source).compare({ source, destination });
    return await comparison.copy?.();
  };
  await copyOf("good");
  const before = writesOf(pair);
  await assert.rejects(copyOf("bad"), { code: "rejected" });
  assert.deepEqual(writesOf(pair), before);
  assert.equal(pair.destination.getManifest("app", "bad"), undefined);
});
