import assert from "node:assert/strict";
import { test } from "node:test";
import { copyId } from "../../src/durable/durable_copies.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const REQUEST = { source: `r.example/app:1@${DIGEST}`, destination: "m.example/app:1" };

test("copyId() is 64 hexadecimal digits, the same for the same copy", async () => {
  const id = await copyId(REQUEST);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(await copyId(REQUEST), id);
});

const same: Readonly<Record<string, object>> = {
  "another tag of the digest": { source: `r.example/app:latest@${DIGEST}` },
  "no tag beside the digest": { source: `r.example/app@${DIGEST}` },
  "a default that is written out": { referrers: true, index: "rebuild" },
  "no additional tags": { additionalTags: [], fastCheck: false },
  "the tag of the destination again": { additionalTags: ["1"] },
};

for (const [name, part] of Object.entries(same)) {
  test(`copyId() is that of the same copy for ${name}`, async () => {
    assert.equal(await copyId({ ...REQUEST, ...part }), await copyId(REQUEST));
  });
}

test("copyId() does not mind the order of additional tags", async () => {
  const ids = await Promise.all(
    [["a", "b"], ["b", "a", "b"]].map((additionalTags) => copyId({ ...REQUEST, additionalTags })),
  );
  assert.equal(ids[0], ids[1]);
});

test("copyId() does not mind the order and spelling of platforms", async () => {
  const one = { ...REQUEST, platforms: ["linux/amd64", "linux/arm64/v8"] };
  const other = { ...REQUEST, platforms: ["linux/aarch64", "linux/x86_64"] };
  assert.equal(await copyId(one), await copyId(other));
});

const other: Readonly<Record<string, object>> = {
  "another digest": { source: `r.example/app:1@sha256:${"b".repeat(64)}` },
  "another source repository": { source: `r.example/other:1@${DIGEST}` },
  "another destination": { destination: "m.example/other:1" },
  "another tag at the destination": { destination: "m.example/app:2" },
  "some platforms": { platforms: ["linux/amd64"] },
  "no referrers": { referrers: false },
  "no digest tags": { digestTags: false },
  "another way to verify": { verify: "stream" },
  "tags that are left alone": { ifExists: "skip" },
  "another way with the index": { index: "sparse" },
  "foreign layers": { foreignLayers: true },
  "additional tags": { additionalTags: ["2"] },
  "a fast check": { fastCheck: true },
};

for (const [name, part] of Object.entries(other)) {
  test(`copyId() is another one for ${name}`, async () => {
    assert.notEqual(await copyId({ ...REQUEST, ...part }), await copyId(REQUEST));
  });
}
