import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContentSource } from "../../src/content.ts";
import { findRelated } from "../../src/copy/related.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { OCI_MANIFEST } from "../../src/oci/media_types.ts";

function digestOf(i: number): Digest {
  return `sha256:${i.toString(16).padStart(64, "0")}`;
}

/** Lists the referrers of a number of subjects. The first subject has a number of them. */
async function countReferrers(subjects: number, referrers: number): Promise<number> {
  const digests = Array.from({ length: subjects }, (_, i) => digestOf(i));
  const listed = Array.from({ length: referrers }, (_, i): Descriptor => ({
    mediaType: OCI_MANIFEST,
    digest: digestOf(subjects + i),
    size: 100,
  }));
  const listReferrers: ContentSource["listReferrers"] = (subject) =>
    Promise.resolve(subject === digestOf(0) ? listed : []);
  const source = { name: "r.example/app", listReferrers } as ContentSource;
  const { rounds } = await findRelated({ source, referrerSource: source }, digests, {
    referrers: true,
    referrerFilters: [],
    digestTags: false,
    warn: () => {},
    isKnown: () => Promise.resolve(true),
  });
  return rounds.flatMap(({ lists }) => lists.flatMap(({ descriptors }) => descriptors)).length;
}

test("findRelated() does not count the manifests of the image as its referrers", async () => {
  assert.equal(await countReferrers(10_000, 10_000), 10_000);
});

test("findRelated() rejects more than 10,000 referrers", async () => {
  const message = /more than 10000 manifests refer to the image/;
  await assert.rejects(countReferrers(1, 10_001), { code: "limit", message });
});
