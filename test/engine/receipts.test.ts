import assert from "node:assert/strict";
import { test } from "node:test";
import { createAdmission } from "../../src/admission/check.ts";
import { CopyError } from "../../src/copy/copy_error.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import { parseDigest } from "../../src/oci/digest.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { byKey, DIGEST, fixture, LOCAL_ROOT, policyOf, putFixture } from "../admission/support.ts";
import { newKey, openBundle, receiptsOf } from "../receipts/support.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";
import type { RegistryOptions } from "../support/registry.ts";

const KEY = newKey();

async function startSigned(
  options: { destination?: RegistryOptions; key?: typeof KEY } = {},
): Promise<Pair> {
  const { destination = {}, key = KEY } = options;
  return await startPair({ destination, engine: { receipts: receiptsOf(key) } });
}

interface Receipt {
  readonly source: { readonly name: string; readonly digest: { readonly sha256: string } };
}

/** The predicates of the receipts for a manifest at the destination, each with a valid signature by the key. */
async function readReceipts(
  { destination, engine }: Pick<Pair, "destination" | "engine">,
  digest: Digest,
  { repository = "app", publicKey = KEY.publicKey } = {},
): Promise<Receipt[]> {
  const source = engine.openSource(`${destination.host}/${repository}`);
  const found: Receipt[] = [];
  for (const referrer of await source.listReferrers(digest)) {
    if (!referrer.annotations?.["crossdock.receipt.proof"]) continue;
    const manifest = await source.fetchManifest(referrer.digest);
    const { layers: [layer] } = JSON.parse(new TextDecoder().decode(manifest?.bytes));
    const text = await (await source.openBlob(layer)).text();
    const { subject, predicate } = openBundle(text, publicKey);
    assert.deepEqual(subject, [
      { name: `${destination.host}/${repository}`, digest: { sha256: digest.slice(7) } },
    ]);
    found.push(predicate);
  }
  return found;
}

/** The requests that change the destination, as `METHOD path`, with the tag or the digest at the end. */
function putsOf({ destination }: Pair): string[] {
  return destination.requests.filter(({ method, path }) =>
    method === "PUT" && path.includes("/manifests/")
  ).map(({ path }) => path.slice(path.lastIndexOf("/") + 1));
}

for (const hasReferrersApi of [true, false]) {
  test(`copy() signs a receipt after the tag ${hasReferrersApi ? "with" : "without"} the referrers API`, async () => {
    await using pair = await startSigned({ destination: { referrers: hasReferrersApi } });
    const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
    const report = await pair.engine.copy(requestOf(pair));
    assert.deepEqual([report.result, report.receipts], ["copied", 1]);
    const [receipt, ...others] = await readReceipts(pair, descriptor.digest);
    assert.deepEqual(others, []);
    assert.deepEqual(receipt?.source, {
      name: `${pair.source.host}/app:1`,
      digest: { sha256: descriptor.digest.slice(7) },
    });
    assert.equal(putsOf(pair)[0], "1");
  });
}

test("copy() signs one receipt for each manifest of an index, the root's last", async () => {
  await using pair = await startSigned();
  const { descriptor, images } = await putIndex(pair.source, "app", {
    tag: "1",
    platforms: ["linux/amd64", "linux/arm64"],
  });
  const report = await pair.engine.copy(requestOf(pair));
  assert.equal(report.receipts, 3);
  const digests = [...images.map(({ descriptor }) => descriptor.digest), descriptor.digest];
  for (const digest of digests) {
    assert.equal((await readReceipts(pair, digest)).length, 1, digest);
  }
  const last = putsOf(pair).at(-1);
  const referrers = await pair.engine.openSource(`${pair.destination.host}/app`)
    .listReferrers(descriptor.digest);
  assert.deepEqual(referrers.map(({ digest }) => digest), [last]);
});

test("copy() puts no second receipt of the same signer, and one of another", async () => {
  await using pair = await startSigned();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  await pair.engine.copy(requestOf(pair));
  const again = await pair.engine.copy(requestOf(pair));
  assert.deepEqual([again.result, again.receipts], ["unchanged", undefined]);
  const recheck = await pair.engine.copy({ ...requestOf(pair), recheck: true });
  assert.equal(recheck.receipts, undefined);
  assert.equal((await readReceipts(pair, descriptor.digest)).length, 1);
  const other = newKey();
  await using second = await startSigned({ key: other });
  const report = await second.engine.copy(requestOf(pair));
  assert.deepEqual([report.result, report.receipts], ["unchanged", 1]);
});

test("copy() makes up for a receipt that an earlier copy could not put", async () => {
  await using pair = await startSigned();
  const { descriptor, images } = await putIndex(pair.source, "app", {
    tag: "1",
    platforms: ["linux/amd64", "linux/arm64"],
  });
  // The two manifests of the platforms pass; the index is put by its tag.
  pair.destination.fail({
    method: "PUT",
    path: /manifests\/sha256:/,
    after: 2,
    times: 99,
    action: { status: 500 },
  });
  await assert.rejects(pair.engine.copy(requestOf(pair)), (error) => {
    return error instanceof CopyError && error.step.type === "receipt";
  });
  assert.equal(pair.destination.getManifest("app", "1")?.digest, descriptor.digest);
  pair.destination.clearFaults();
  const report = await pair.engine.copy(requestOf(pair));
  assert.equal(report.result, "unchanged");
  for (const { digest } of [descriptor, ...images.map(({ descriptor }) => descriptor)]) {
    assert.equal((await readReceipts(pair, digest)).length, 1);
  }
});

test("an image that is there costs one request more", async () => {
  await using pair = await startSigned();
  await putImage(pair.source, "app", { tag: "1" });
  await pair.engine.copy(requestOf(pair));
  await using plain = await startPair();
  const { requests: least } = await plain.engine.copy(requestOf(pair));
  const { requests } = await pair.engine.copy(requestOf(pair));
  assert.equal(requests.source, least.source);
  assert.equal(requests.destination, least.destination + 1);
  const fast = await pair.engine.copy({ ...requestOf(pair), fastCheck: true });
  assert.equal(fast.requests.destination, 2);
});

test("copy() signs no receipt for a platform that the destination lacks", async () => {
  await using pair = await startSigned({ destination: { strictManifests: false } });
  const { descriptor, images } = await putIndex(pair.source, "app", {
    tag: "1",
    platforms: ["linux/amd64", "linux/arm64"],
  });
  const [amd64, arm64] = images.map(({ descriptor }) => descriptor.digest);
  const sparse: CopyRequestInput = {
    ...requestOf(pair),
    platforms: ["linux/amd64"],
    index: "sparse",
  };
  await using plain = await startPair();
  await plain.engine.copy(sparse);
  for (const request of [sparse, requestOf(pair)]) await pair.engine.copy(request);
  assert.equal((await readReceipts(pair, descriptor.digest)).length, 1);
  assert.equal((await readReceipts(pair, amd64 ?? descriptor.digest)).length, 1);
  assert.equal((await readReceipts(pair, arm64 ?? descriptor.digest)).length, 0);
});

test("copy() names the source's index in the receipts of a rebuilt one", async () => {
  await using pair = await startSigned();
  const { descriptor } = await putIndex(pair.source, "app", {
    tag: "1",
    platforms: ["linux/amd64", "linux/arm64"],
  });
  const { digest } = await pair.engine.copy({
    ...requestOf(pair),
    platforms: ["linux/amd64"],
  });
  assert.notEqual(digest, descriptor.digest);
  const [receipt] = await readReceipts(pair, digest);
  assert.equal(receipt?.source.digest.sha256, descriptor.digest.slice(7));
});

test("copy() signs nothing for a tag within one repository", async () => {
  await using pair = await startSigned();
  await putImage(pair.source, "app", { tag: "1" });
  const report = await pair.engine.copy({
    source: `${pair.source.host}/app:1`,
    destination: `${pair.source.host}/app:2`,
  });
  assert.deepEqual([report.result, report.receipts], ["copied", undefined]);
});

test("a receipt travels with the image, and the next mirror adds its own", async () => {
  await using pair = await startSigned();
  const { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  await putReferrer(pair.source, "app", descriptor, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  await pair.engine.copy(requestOf(pair));
  await using next = await startSigned();
  const report = await pair.engine.copy({
    source: `${pair.destination.host}/app:1`,
    destination: `${next.destination.host}/app:1`,
  });
  assert.deepEqual([report.referrers, report.receipts], [2, 1]);
});

test("copy() signs a verification summary for an image that signatures admitted", async () => {
  const policy = policyOf([byKey("p256")]);
  const admission = createAdmission(policy, { trustRoot: LOCAL_ROOT, now: Date.now });
  await using pair = await startPair({
    engine: { admission, receipts: receiptsOf(KEY) },
  });
  await putFixture(pair.source, fixture("p256"), "app");
  const plan = await pair.engine.plan(requestOf(pair));
  const step = plan.stages.at(-1)?.steps[0];
  assert(step?.type === "receipt");
  assert.equal(step.policy?.attestations.length, 1);
  await pair.engine.copy(requestOf(pair));
  const [predicate] = await readReceipts(pair, parseDigest(DIGEST));
  const { verificationResult, inputAttestations } = predicate as unknown as {
    verificationResult: string;
    inputAttestations: { name: string }[];
  };
  assert.equal(verificationResult, "PASSED");
  assert.deepEqual(inputAttestations.map(({ name }) => name), step.policy.attestations);
});

test("copy() signs nothing for an image that the policy rejects", async () => {
  const policy = policyOf([byKey("rsa")]);
  const admission = createAdmission(policy, { trustRoot: LOCAL_ROOT, now: Date.now });
  await using pair = await startPair({
    engine: { admission, receipts: receiptsOf(KEY) },
  });
  // The destination has the image, so only the receipt is to be written.
  for (const registry of [pair.source, pair.destination]) {
    await putFixture(registry, fixture("p256"), "app");
  }
  await assert.rejects(pair.engine.copy(requestOf(pair)), { code: "rejected" });
  assert.deepEqual(await readReceipts(pair, parseDigest(DIGEST)), []);
});

test("perform() of an engine without a key rejects a receipt", async () => {
  await using pair = await startSigned();
  await putImage(pair.source, "app", { tag: "1" });
  const plan = await pair.engine.plan(requestOf(pair));
  const step = plan.stages.at(-1)?.steps[0];
  assert(step?.type === "receipt");
  await using plain = await startPair();
  await assert.rejects(plain.engine.perform(step), {
    code: "usage",
    message: /has no key to sign/,
  });
});

test("copy() with a key that cannot be used writes nothing", async () => {
  const { privateKey } = newKey();
  const [first = "", second = "", ...rest] = privateKey.split("\n");
  const damaged = [first, `${second.slice(0, 40)}${"A".repeat(24)}`, ...rest].join("\n");
  await using pair = await startSigned({ key: { ...KEY, privateKey: damaged } });
  await putImage(pair.source, "app", { tag: "1" });
  await assert.rejects(pair.engine.copy(requestOf(pair)), /the private key cannot be read/);
  assert.deepEqual(putsOf(pair), []);
  assert.equal(pair.destination.getManifest("app", "1"), undefined);
});
