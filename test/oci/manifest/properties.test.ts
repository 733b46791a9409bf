import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CrossdockError } from "../../../src/errors.ts";
import { manifestBlobs, manifestChildren, parseManifest } from "../../../src/oci/manifest.ts";
import { textOf } from "../../support/property.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.oci.artifact.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/json",
  "text/html",
  "",
];

/** The right value in most cases. */
function mostly(right: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 15, arbitrary: right },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
  );
}

const descriptors = mostly(fc.record({
  mediaType: mostly(fc.constantFrom(...TYPES, "application/octet-stream")),
  digest: mostly(fc.constantFrom(DIGEST, `sha512:${"b".repeat(128)}`)),
  size: mostly(fc.nat()),
  annotations: mostly(fc.dictionary(fc.string(), fc.string())),
  urls: mostly(fc.array(fc.webUrl(), { maxLength: 2 })),
  platform: mostly(fc.record({ os: fc.string(), architecture: fc.string() })),
  data: mostly(fc.base64String()),
}, { requiredKeys: ["mediaType", "digest", "size"] }));
const lists = mostly(fc.array(descriptors, { maxLength: 3 }));
const [INDEX = "", IMAGE = "", ARTIFACT = ""] = TYPES;
const common = {
  schemaVersion: mostly(fc.constant(2)),
  subject: descriptors,
  artifactType: mostly(fc.string({ minLength: 1 })),
  annotations: mostly(fc.dictionary(fc.string(), fc.string())),
};
/** Few have members of two kinds. */
const manifests = fc.oneof(
  fc.record({
    ...common,
    mediaType: mostly(fc.constant(IMAGE)),
    config: descriptors,
    layers: lists,
  }, {
    requiredKeys: ["config", "layers"],
  }),
  fc.record({ ...common, mediaType: mostly(fc.constant(INDEX)), manifests: lists }, {
    requiredKeys: ["manifests"],
  }),
  fc.record({ ...common, mediaType: mostly(fc.constant(ARTIFACT)), blobs: lists }, {
    requiredKeys: ["mediaType", "artifactType"],
  }),
  fc.record({ ...common, config: descriptors, layers: lists, manifests: lists }, {
    requiredKeys: [],
  }),
);

test("parseManifest() returns blobs and children with digests, or throws a CrossdockError", () => {
  const parsed = { image: 0, index: 0, artifact: 0 };
  fc.assert(
    fc.property(
      fc.oneof(
        manifests.map((manifest) => new TextEncoder().encode(JSON.stringify(manifest))),
        textOf('{"schemaVersion":2', ',"manifests":', "[", "]", "{", "}", '"', ",", "\ud800").map(
          (text) => new TextEncoder().encode(text),
        ),
        fc.uint8Array(),
      ),
      fc.oneof({ weight: 3, arbitrary: fc.constant("") }, {
        weight: 1,
        arbitrary: fc.constantFrom(...TYPES),
      }),
      (bytes, type) => {
        try {
          const manifest = parseManifest(bytes, type);
          parsed[manifest.kind]++;
          for (
            const { digest, size } of [...manifestBlobs(manifest), ...manifestChildren(manifest)]
          ) {
            assert.match(digest, /^sha(256|512):[0-9a-f]+$/);
            assert.ok(Number.isSafeInteger(size) && size >= 0, `${size}`);
          }
        } catch (error) {
          if (!(error instanceof CrossdockError)) throw error;
          assert.ok(["registry", "unsupported", "integrity", "limit"].includes(error.code));
        }
      },
    ),
    { numRuns: 5000 },
  );
  assert.ok(Object.values(parsed).every((count) => count > 10), JSON.stringify(parsed));
});
