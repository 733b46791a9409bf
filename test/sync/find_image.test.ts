import assert from "node:assert/strict";
import { test } from "node:test";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { MAX_INDEX_DEPTH } from "../../src/oci/manifest.ts";
import { findImage } from "../../src/sync/find_image.ts";
import type { FindImageOptions, SubjectImage } from "../../src/sync/find_image.ts";
import { putImage, putIndex, putReferrer } from "../support/image.ts";
import { startPair } from "../support/pair.ts";
import type { Pair } from "../support/pair.ts";

const SIGNATURE = {
  artifactType: "application/vnd.cncf.notary.signature",
  payload: "{}",
};

function find(
  { engine, source }: Pair,
  { digest }: Pick<Descriptor, "digest">,
  options?: FindImageOptions,
): Promise<SubjectImage | undefined> {
  return findImage(digest, engine.openSource(`${source.host}/app`), options);
}

test("findImage() follows referrers of referrers to the image, by one GET each", async () => {
  await using pair = await startPair();
  const { descriptor: image } = await putImage(pair.source, "app", {
    tag: "1",
  });
  const { descriptor: sbom } = await putReferrer(pair.source, "app", image, {
    artifactType: "application/spdx+json",
    payload: "{}",
  });
  const { descriptor: signature } = await putReferrer(
    pair.source,
    "app",
    sbom,
    SIGNATURE,
  );
  pair.source.clearRequests();
  assert.deepEqual(await find(pair, signature), {
    digest: image.digest,
    isIndex: false,
  });
  assert.equal(pair.source.count(), 3);
});

test("findImage() tells an index from an image, and an image from a referrer", async () => {
  await using pair = await startPair();
  const { descriptor: index, images } = await putIndex(pair.source, "app", {
    tag: "1",
    platforms: ["linux/amd64"],
  });
  const [child] = images;
  assert.ok(child);
  const { descriptor: signature } = await putReferrer(
    pair.source,
    "app",
    index,
    SIGNATURE,
  );
  assert.deepEqual(await find(pair, signature), {
    digest: index.digest,
    isIndex: true,
  });
  assert.equal(await find(pair, child.descriptor), undefined);
  const { digest } = child.descriptor;
  assert.deepEqual(await find(pair, { digest }, { mayBeImage: true }), {
    digest,
    isIndex: false,
  });
});

test("findImage() finds nothing for a missing subject, and throws for a missing manifest", async () => {
  await using pair = await startPair();
  const absent: Descriptor = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${"0".repeat(64)}`,
    size: 2,
  };
  const { descriptor } = await putReferrer(
    pair.source,
    "app",
    absent,
    SIGNATURE,
  );
  assert.equal(await find(pair, descriptor), undefined);
  const { digest } = absent;
  assert.deepEqual(await find(pair, descriptor, { mayBeElsewhere: true }), {
    digest,
    isIndex: false,
  });
  await assert.rejects(find(pair, absent), {
    code: "not_found",
    side: "source",
  });
});

test("findImage() follows no chain that is longer than the one that a copy follows", async () => {
  await using pair = await startPair();
  let { descriptor } = await putImage(pair.source, "app", { tag: "1" });
  const chain = [descriptor];
  for (let i = 0; i <= MAX_INDEX_DEPTH; i++) {
    ({ descriptor } = await putReferrer(
      pair.source,
      "app",
      descriptor,
      SIGNATURE,
    ));
    chain.push(descriptor);
  }
  const [image] = chain;
  const [nearest, deepest] = [
    chain[MAX_INDEX_DEPTH],
    chain[MAX_INDEX_DEPTH + 1],
  ];
  assert.ok(image && nearest && deepest);
  assert.deepEqual((await find(pair, nearest))?.digest, image.digest);
  pair.source.clearRequests();
  assert.equal(await find(pair, deepest), undefined);
  assert.equal(pair.source.count(), MAX_INDEX_DEPTH + 1);
});
