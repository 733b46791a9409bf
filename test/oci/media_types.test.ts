import { test } from "node:test";
import assert from "node:assert/strict";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  isForeignLayer,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  MANIFEST_ACCEPT,
  OCI_ARTIFACT,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../src/oci/media_types.ts";

const TABLE: [mediaType: string, index: boolean, manifest: boolean, schema1: boolean][] = [
  [OCI_INDEX, true, true, false],
  [DOCKER_MANIFEST_LIST, true, true, false],
  [OCI_MANIFEST, false, true, false],
  [DOCKER_MANIFEST, false, true, false],
  [OCI_ARTIFACT, false, true, false],
  [DOCKER_SCHEMA1, false, false, true],
  [DOCKER_SCHEMA1_SIGNED, false, false, true],
  [OCI_EMPTY, false, false, false],
  ["application/json", false, false, false],
  ["", false, false, false],
];

for (const [mediaType, index, manifest, schema1] of TABLE) {
  test(`is…MediaType() sort ${JSON.stringify(mediaType)}`, () => {
    assert.equal(isIndexMediaType(mediaType), index);
    assert.equal(isManifestMediaType(mediaType), manifest);
    assert.equal(isSchema1MediaType(mediaType), schema1);
  });
}

test("MANIFEST_ACCEPT names every manifest once, schema 1 last", () => {
  const types = MANIFEST_ACCEPT.split(", ");
  assert.equal(new Set(types).size, 7);
  assert.deepEqual(types.map(isSchema1MediaType), [...Array(5).fill(false), true, true]);
  assert.ok(types.slice(0, 5).every(isManifestMediaType));
});

test("isForeignLayer() goes by the media type", () => {
  const foreign = [
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  ];
  const plain = [
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    OCI_EMPTY,
  ];
  for (const mediaType of foreign) assert.equal(isForeignLayer({ mediaType }), true, mediaType);
  for (const mediaType of plain) assert.equal(isForeignLayer({ mediaType }), false, mediaType);
});
