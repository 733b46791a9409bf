import { test } from "node:test";
import assert from "node:assert/strict";
import { CrossdockError } from "../../src/errors.ts";
import { parseDescriptor } from "../../src/oci/descriptor.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const PLAIN = { mediaType: "application/x", digest: DIGEST, size: 3 };

test("parseDescriptor() keeps the fields of the spec and drops the rest", () => {
  const full = {
    ...PLAIN,
    urls: ["https://example.com/x"],
    annotations: { a: "b" },
    data: "e30=",
    artifactType: "application/y",
    platform: {
      os: "linux",
      architecture: "arm",
      variant: "v7",
      "os.version": "1",
      "os.features": ["f"],
    },
  };
  const platform = { ...full.platform, features: ["sse"] };
  assert.deepEqual(parseDescriptor({ ...full, platform, unknown: 1 }, "config"), full);
});

test("parseDescriptor() treats null and empty text as absent", () => {
  const value = {
    ...PLAIN,
    urls: null,
    annotations: null,
    data: "",
    platform: null,
    artifactType: "",
  };
  assert.deepEqual(parseDescriptor(value, "config"), PLAIN);
});

test("parseDescriptor() takes sizes of 0 and of 2^53-1", () => {
  assert.equal(parseDescriptor({ ...PLAIN, size: 0 }, "x").size, 0);
  assert.equal(
    parseDescriptor({ ...PLAIN, size: Number.MAX_SAFE_INTEGER }, "x").size,
    Number.MAX_SAFE_INTEGER,
  );
});

test("parseDescriptor() accepts an empty platform", () => {
  assert.deepEqual(parseDescriptor({ ...PLAIN, platform: {} }, "x").platform, {
    os: "",
    architecture: "",
  });
});

test("parseDescriptor() keeps an annotation named __proto__ as one", () => {
  const value = JSON.parse(`{"annotations":{"__proto__":"x"}}`) as object;
  const { annotations } = parseDescriptor({ ...PLAIN, ...value }, "x");
  assert.deepEqual(Object.entries(annotations ?? {}), [["__proto__", "x"]]);
});

const BAD: [name: string, value: unknown, message: RegExp][] = [
  ["nothing", undefined, /layers\[3\]: expected a descriptor, got nothing/],
  ["null", null, /layers\[3\]: expected a descriptor, got null/],
  ["an array", [], /layers\[3\]: expected a descriptor, got an array/],
  ["text", "x", /layers\[3\]: expected a descriptor, got "x"/],
  ["no media type", { ...PLAIN, mediaType: undefined }, /layers\[3\]\.mediaType: .* nothing/],
  ["an empty media type", { ...PLAIN, mediaType: "" }, /layers\[3\]\.mediaType/],
  ["no digest", { ...PLAIN, digest: undefined }, /layers\[3\]\.digest: expected a string/],
  ["a digest that is a number", { ...PLAIN, digest: 1 }, /layers\[3\]\.digest: .* got 1/],
  ["a digest that is a path", { ...PLAIN, digest: "sha256:../../x" }, /layers\[3\]\.digest: "sha/],
  ["an upper-case digest", { ...PLAIN, digest: DIGEST.toUpperCase() }, /layers\[3\]\.digest/],
  ["no size", { ...PLAIN, size: undefined }, /layers\[3\]\.size: .* got nothing/],
  ["a size in text", { ...PLAIN, size: "3" }, /layers\[3\]\.size: .* got "3"/],
  ["a negative size", { ...PLAIN, size: -1 }, /layers\[3\]\.size: .* got -1/],
  ["half a byte", { ...PLAIN, size: 0.5 }, /layers\[3\]\.size/],
  ["a size beyond exact numbers", { ...PLAIN, size: 2 ** 53 }, /layers\[3\]\.size/],
  ["urls in text", { ...PLAIN, urls: "x" }, /layers\[3\]\.urls: expected an array/],
  ["a url that is a number", { ...PLAIN, urls: ["a", 1] }, /layers\[3\]\.urls\[1\]/],
  ["annotations in an array", { ...PLAIN, annotations: [] }, /layers\[3\]\.annotations/],
  ["an annotation of a number", { ...PLAIN, annotations: { a: 1 } }, /annotations\["a"\]/],
  ["data that is a number", { ...PLAIN, data: 1 }, /layers\[3\]\.data/],
  [
    "a platform in text",
    { ...PLAIN, platform: "linux" },
    /layers\[3\]\.platform: expected an object/,
  ],
  ["an os that is a number", { ...PLAIN, platform: { os: 1 } }, /layers\[3\]\.platform\.os: /],
  ["os.features in text", { ...PLAIN, platform: { "os.features": "x" } }, /platform\.os\.features/],
];

for (const [name, value, message] of BAD) {
  test(`parseDescriptor() rejects ${name} and names the field`, () => {
    assert.throws(() => parseDescriptor(value, "layers[3]"), (error) => {
      assert.ok(error instanceof CrossdockError, String(error));
      assert.equal(error.code, "registry");
      assert.match(error.message, message);
      return true;
    });
  });
}
