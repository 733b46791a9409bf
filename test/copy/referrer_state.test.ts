import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReferrerState } from "../../src/copy/model.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestTag } from "../../src/oci/digest_tag.ts";
import { putCosignSignature, putImage, putReferrer } from "../support/image.ts";
import { requestOf, startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

const SBOM = { artifactType: "application/spdx+json", payload: "{}" };
const SIGNATURE = { artifactType: "application/vnd.cncf.notary.signature", payload: "{}" };

/** `signature 1/2`: one of two is missing. */
function countsOf(state: ReferrerState | undefined): string[] {
  return state?.kinds.map(({ kind, expected, missing, unavailable }) =>
    `${kind} ${missing}/${expected}${unavailable > 0 ? `, ${unavailable} unavailable` : ""}`
  ) ?? ["not checked"];
}

async function putSigned({ source }: Pair): Promise<Descriptor> {
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const sbom = await putReferrer(source, "app", descriptor, SBOM);
  await putReferrer(source, "app", sbom.descriptor, SIGNATURE);
  return descriptor;
}

test("a plan counts what is missing by kind, and a report what was not copied", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const image = await putSigned(pair);
  assert.deepEqual(countsOf((await engine.plan(requestOf(pair))).referrerState), [
    "signature 1/1",
    "sbom 1/1",
  ]);
  const first = await engine.copy(requestOf(pair));
  assert.deepEqual(countsOf(first.referrerState), ["signature 0/1", "sbom 0/1"]);
  await putCosignSignature(source, "app", image.digest);
  await putReferrer(source, "app", image, { artifactType: "application/x.test", payload: "x" });
  const plan = await engine.plan(requestOf(pair));
  assert.deepEqual(countsOf(plan.referrerState), ["signature 1/2", "sbom 0/1", "other 1/1"]);
  const second = await engine.copy(requestOf(pair));
  assert.deepEqual(countsOf(second.referrerState), [
    "signature 0/2",
    "sbom 0/1",
    "other 0/1",
  ]);
});

test("a report has no state of referrers that were not checked", async () => {
  await using pair = await startPair();
  await putSigned(pair);
  const request = requestOf(pair);
  const plain = await pair.engine.copy({ ...request, referrers: false, digestTags: false });
  const fast = await pair.engine.copy({ ...request, fastCheck: true });
  assert.deepEqual([plain.referrerState, fast.referrerState], [undefined, undefined]);
});

test("a report counts a referrer that the source lists and does not have", async () => {
  await using pair = await startPair();
  const image = await putSigned(pair);
  const { descriptor } = await putReferrer(pair.source, "app", image, SIGNATURE);
  pair.source.fail({ path: `/manifests/${descriptor.digest}`, action: { status: 404 }, times: 99 });
  const report = await pair.engine.copy(requestOf(pair));
  assert.deepEqual(countsOf(report.referrerState), [
    "signature 1/2, 1 unavailable",
    "sbom 0/1",
  ]);
  assert.match(report.warnings.join("\n"), /is listed in .* but not found/);
});

test("a report says that the source did not list all referrers", async () => {
  await using pair = await startPair();
  await putSigned(pair);
  pair.source.fail({ path: "/referrers/", action: { status: 500 }, times: 99 });
  const report = await pair.engine.copy(requestOf(pair));
  assert.deepEqual(report.referrerState, { kinds: [], isPartial: true });
});

test("verify() tells a missing referrer from a missing part of the image", async () => {
  await using pair = await startPair();
  const { source, destination, engine } = pair;
  const image = await putSigned(pair);
  await engine.copy(requestOf(pair));
  const equal = await engine.verify(requestOf(pair));
  assert.deepEqual([equal.state, countsOf(equal.referrerState)], [
    "equal",
    ["signature 0/1", "sbom 0/1"],
  ]);
  const { tag } = await putCosignSignature(source, "app", image.digest);
  source.clearRequests();
  destination.clearRequests();
  const late = await engine.verify(requestOf(pair));
  assert.equal(late.state, "incomplete");
  assert.deepEqual(countsOf(late.referrerState), ["signature 1/2", "sbom 0/1"]);
  const [difference] = late.differences.filter(({ kind }) => kind === "digest-tag");
  assert.deepEqual(difference, {
    kind: "digest-tag",
    what: tag,
    referrerKind: "signature",
    state: "missing",
  });
  await putImage(source, "app", { tag: "1", seed: 9 });
  assert.equal((await engine.verify(requestOf(pair))).state, "different");
});

test("verify() counts attestations under a digest tag by their predicate", async () => {
  await using pair = await startPair();
  const { source, engine } = pair;
  const { descriptor } = await putImage(source, "app", { tag: "1" });
  const signed = await putCosignSignature(source, "app", descriptor.digest);
  const manifest = source.getManifest("app", signed.tag);
  assert.ok(manifest);
  const json = JSON.parse(new TextDecoder().decode(manifest.bytes));
  json.layers[0].annotations = { predicateType: "https://slsa.dev/provenance/v0.2" };
  const tag = digestTag(descriptor.digest, "att");
  assert.ok(tag);
  await source.putManifest("app", json, manifest.mediaType, [tag]);
  await engine.copy({ ...requestOf(pair), digestTags: false });
  const { referrerState } = await engine.verify(requestOf(pair));
  assert.deepEqual(countsOf(referrerState), ["signature 1/1", "provenance 1/1"]);
});
