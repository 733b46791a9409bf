import { test } from "node:test";
import assert from "node:assert/strict";
import { CrossdockError } from "../../src/errors.ts";
import type { ErrorCode } from "../../src/errors.ts";
import {
  manifestBlobs,
  manifestChildren,
  MAX_INDEX_WIDTH,
  MAX_MANIFEST_BYTES,
  parseManifest,
} from "../../src/oci/manifest.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  DOCKER_SCHEMA1,
  DOCKER_SCHEMA1_SIGNED,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../src/oci/media_types.ts";

function descriptor(seed: number, mediaType = "application/x"): Record<string, unknown> {
  return { mediaType, digest: `sha256:${seed.toString(16).padStart(64, "0")}`, size: seed };
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
}

const IMAGE = { schemaVersion: 2, config: descriptor(1), layers: [descriptor(2), descriptor(3)] };
const INDEX = { schemaVersion: 2, manifests: [descriptor(4, OCI_MANIFEST)] };
const ARTIFACT = { artifactType: "application/y", blobs: [descriptor(5)] };

const GOOD: [name: string, json: object, contentType: string, kind: string, mediaType: string][] = [
  ["an OCI image by content type", IMAGE, OCI_MANIFEST, "image", OCI_MANIFEST],
  [
    "a Docker image, both types equal",
    { ...IMAGE, mediaType: DOCKER_MANIFEST },
    DOCKER_MANIFEST,
    "image",
    DOCKER_MANIFEST,
  ],
  [
    "a Docker image under a generic type",
    { ...IMAGE, mediaType: DOCKER_MANIFEST },
    "application/json",
    "image",
    DOCKER_MANIFEST,
  ],
  ["an image by shape", IMAGE, "", "image", OCI_MANIFEST],
  [
    "an image with an empty mediaType",
    { ...IMAGE, mediaType: "" },
    "text/plain",
    "image",
    OCI_MANIFEST,
  ],
  ["an index by content type", INDEX, OCI_INDEX, "index", OCI_INDEX],
  ["an index by shape", INDEX, "application/octet-stream", "index", OCI_INDEX],
  ["a manifest list", INDEX, DOCKER_MANIFEST_LIST, "index", DOCKER_MANIFEST_LIST],
  ["an index without schemaVersion", { manifests: [] }, OCI_INDEX, "index", OCI_INDEX],
  ["an index of null", { schemaVersion: 2, manifests: null }, OCI_INDEX, "index", OCI_INDEX],
  ["layers of null", { ...IMAGE, layers: null }, OCI_MANIFEST, "image", OCI_MANIFEST],
  ["an artifact", { ...ARTIFACT, mediaType: OCI_ARTIFACT }, OCI_ARTIFACT, "artifact", OCI_ARTIFACT],
  ["an artifact by shape", ARTIFACT, "", "artifact", OCI_ARTIFACT],
  ["an artifact without blobs", { artifactType: "a/b" }, OCI_ARTIFACT, "artifact", OCI_ARTIFACT],
];

for (const [name, json, contentType, kind, mediaType] of GOOD) {
  test(`parseManifest() takes ${name}`, () => {
    const manifest = parseManifest(encode(json), contentType);
    assert.equal(manifest.kind, kind);
    assert.equal(manifest.mediaType, mediaType);
  });
}

test("parseManifest() gives the members of an image and leaves out unknown ones", () => {
  const json = {
    ...IMAGE,
    mediaType: OCI_MANIFEST,
    subject: descriptor(9, OCI_MANIFEST),
    artifactType: "application/y",
    annotations: { a: "b" },
    unknown: true,
  };
  assert.deepEqual(parseManifest(encode(json), OCI_MANIFEST), {
    kind: "image",
    mediaType: OCI_MANIFEST,
    subject: json.subject,
    artifactType: "application/y",
    annotations: { a: "b" },
    config: IMAGE.config,
    layers: IMAGE.layers,
  });
});

test("parseManifest() gives the members of an index and of an artifact", () => {
  assert.deepEqual(parseManifest(encode(INDEX), OCI_INDEX), {
    kind: "index",
    mediaType: OCI_INDEX,
    manifests: INDEX.manifests,
  });
  assert.deepEqual(parseManifest(encode(ARTIFACT), OCI_ARTIFACT), {
    kind: "artifact",
    mediaType: OCI_ARTIFACT,
    artifactType: "application/y",
    blobs: ARTIFACT.blobs,
  });
});

const SCHEMA1 = { schemaVersion: 1, name: "x", tag: "y", fsLayers: [], signatures: [] };

const BAD: [
  name: string,
  json: unknown,
  contentType: string,
  code: ErrorCode,
  message: RegExp,
][] = [
  ["nothing", "", OCI_MANIFEST, "registry", /it is not valid JSON/],
  [
    "a web page",
    "<!doctype html>",
    "text/html",
    "registry",
    /not valid JSON, it starts with "<!doc/,
  ],
  ["JSON cut short", '{"schemaVersion":2', OCI_MANIFEST, "registry", /it is not valid JSON/],
  ["a byte order mark", "\ufeff{}", OCI_MANIFEST, "registry", /it is not valid JSON/],
  ["null", "null", OCI_MANIFEST, "registry", /expected an object, got null/],
  ["an array", "[]", OCI_MANIFEST, "registry", /expected an object, got an array/],
  ["brackets without end", "[".repeat(200_000), OCI_MANIFEST, "registry", /it is not valid JSON/],
  ["an empty object", {}, "", "registry", /neither its Content-Type nor its members/],
  ["schema 1", SCHEMA1, DOCKER_SCHEMA1, "unsupported", /schema 1/],
  ["signed schema 1", SCHEMA1, DOCKER_SCHEMA1_SIGNED, "unsupported", /schema 1/],
  ["schema 1 as JSON", SCHEMA1, "application/json", "unsupported", /schema 1/],
  ["schema 1 that claims to be 2", SCHEMA1, DOCKER_MANIFEST, "unsupported", /schema 1/],
  [
    "schemaVersion 3",
    { ...IMAGE, schemaVersion: 3 },
    OCI_MANIFEST,
    "registry",
    /expected 2, got 3/,
  ],
  ["schemaVersion in text", { ...IMAGE, schemaVersion: "2" }, OCI_MANIFEST, "registry", /got "2"/],
  [
    "types that contradict each other",
    { ...IMAGE, mediaType: DOCKER_MANIFEST },
    OCI_MANIFEST,
    "integrity",
    /Content-Type is "application\/vnd\.oci.* mediaType "application\/vnd\.docker/,
  ],
  [
    "an index that came as an image",
    { ...INDEX, mediaType: OCI_INDEX },
    OCI_MANIFEST,
    "integrity",
    /its mediaType/,
  ],
  ["an unknown content type", IMAGE, "application/z", "unsupported", /media type "application\/z"/],
  [
    "an unknown type of its own",
    { ...IMAGE, mediaType: "application/z" },
    "",
    "unsupported",
    /unknown media type/,
  ],
  ["a mediaType of a number", { ...IMAGE, mediaType: 1 }, "", "registry", /mediaType: expected a/],
  [
    "an image without a config",
    { layers: [] },
    OCI_MANIFEST,
    "registry",
    /config: expected a desc/,
  ],
  [
    "an image without layers",
    { config: descriptor(1) },
    OCI_MANIFEST,
    "registry",
    /layers: expected/,
  ],
  ["layers in an object", { ...IMAGE, layers: {} }, OCI_MANIFEST, "registry", /layers: .*object/],
  [
    "a bad layer",
    { ...IMAGE, layers: [descriptor(1), { ...descriptor(2), digest: "sha256:../x" }] },
    OCI_MANIFEST,
    "registry",
    /layers\[1\]\.digest/,
  ],
  ["an index without manifests", {}, OCI_INDEX, "registry", /manifests: expected an array/],
  [
    "a bad entry",
    { manifests: [1] },
    OCI_INDEX,
    "registry",
    /manifests\[0\]: expected a descriptor/,
  ],
  ["a bad subject", { ...IMAGE, subject: "x" }, OCI_MANIFEST, "registry", /subject: expected/],
  ["an artifact without a type", { blobs: [] }, OCI_ARTIFACT, "registry", /artifactType: expected/],
  ["bad blobs", { ...ARTIFACT, blobs: [{}] }, OCI_ARTIFACT, "registry", /blobs\[0\]\.mediaType/],
  ["bad annotations", { ...IMAGE, annotations: { a: 1 } }, OCI_MANIFEST, "registry", /annotations/],
  [
    "an image with manifests",
    { ...IMAGE, manifests: [] },
    OCI_MANIFEST,
    "registry",
    /ambiguous: an image with manifests/,
  ],
  [
    "an index with layers",
    { ...INDEX, layers: [] },
    OCI_INDEX,
    "registry",
    /ambiguous: an index with layers/,
  ],
  ["both shapes at once", { ...IMAGE, ...INDEX }, "", "registry", /ambiguous/],
];

for (const [name, json, contentType, code, message] of BAD) {
  test(`parseManifest() rejects ${name}`, () => {
    assert.throws(() => parseManifest(encode(json), contentType), (error) => {
      assert.ok(error instanceof CrossdockError, String(error));
      assert.match(error.message, message);
      assert.equal(error.code, code);
      return true;
    });
  });
}

test("parseManifest() has a hint about schema 1", () => {
  assert.throws(() => parseManifest(encode(SCHEMA1), DOCKER_SCHEMA1), (error: CrossdockError) => {
    assert.match(error.message, /deprecated by Docker/);
    assert.match(error.hint ?? "", /rebuild the image/);
    return true;
  });
});

test("parseManifest() rejects bytes that are not UTF-8", () => {
  const bytes = encode({ ...IMAGE, annotations: { a: "b" } });
  bytes[bytes.lastIndexOf("b".charCodeAt(0))] = 0xff;
  assert.throws(() => parseManifest(bytes, OCI_MANIFEST), { code: "registry", message: /UTF-8/ });
});

test("parseManifest() takes 4 MiB and not a byte more", () => {
  const json = JSON.stringify(IMAGE);
  const fits = encode(json.padEnd(MAX_MANIFEST_BYTES));
  assert.equal(fits.byteLength, 4_194_304);
  assert.equal(parseManifest(fits, OCI_MANIFEST).kind, "image");
  assert.throws(() => parseManifest(encode(json.padEnd(MAX_MANIFEST_BYTES + 1)), OCI_MANIFEST), {
    code: "limit",
    message: /4194305 bytes, expected at most 4194304/,
  });
});

test("parseManifest() takes an index of 10,000 entries and not one more", () => {
  const manifests = Array.from(
    { length: MAX_INDEX_WIDTH + 1 },
    (_, seed) => descriptor(seed, OCI_MANIFEST),
  );
  const fits = parseManifest(encode({ manifests: manifests.slice(1) }), OCI_INDEX);
  assert.equal(manifestChildren(fits).length, 10_000);
  assert.throws(() => parseManifest(encode({ manifests }), OCI_INDEX), {
    code: "limit",
    message: /manifests has 10001 entries/,
  });
});

test("manifestBlobs() names config and layers once each, in order", () => {
  const layers = [descriptor(2), descriptor(1), descriptor(3), descriptor(2, "application/z")];
  const image = parseManifest(encode({ ...IMAGE, layers }), OCI_MANIFEST);
  assert.deepEqual(manifestBlobs(image), [descriptor(1), descriptor(2), descriptor(3)]);
  assert.deepEqual(manifestChildren(image), []);
});

test("manifestBlobs() names the blobs of an artifact, and none for an index of manifests", () => {
  assert.deepEqual(manifestBlobs(parseManifest(encode(ARTIFACT), "")), [descriptor(5)]);
  assert.deepEqual(manifestBlobs(parseManifest(encode(INDEX), "")), []);
});

test("manifestChildren() names each entry once, and not the subject", () => {
  const json = {
    ...INDEX,
    manifests: [4, 5, 4].map((seed) => descriptor(seed, OCI_MANIFEST)),
    subject: descriptor(6),
  };
  assert.deepEqual(manifestChildren(parseManifest(encode(json), OCI_INDEX)), [
    descriptor(4, OCI_MANIFEST),
    descriptor(5, OCI_MANIFEST),
  ]);
});

test("manifestBlobs() and manifestChildren() divide the entries of an index by media type", () => {
  const children = [OCI_MANIFEST, OCI_INDEX, "application/json", "application/x.manifest.v9"]
    .map((mediaType, seed) => descriptor(seed, mediaType));
  const blobs = [
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.buildkit.cacheconfig.v0",
  ]
    .map((mediaType, seed) => descriptor(10 + seed, mediaType));
  const index = parseManifest(encode({ ...INDEX, manifests: [...blobs, ...children] }), OCI_INDEX);
  assert.deepEqual(manifestChildren(index), children);
  assert.deepEqual(manifestBlobs(index), blobs);
});
