import { test } from "node:test";
import assert from "node:assert/strict";
import { parseDescriptor } from "../../src/oci/descriptor.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { rebuildIndex } from "../../src/oci/rebuild_index.ts";

function digest(seed: number): Digest {
  return `sha256:${seed.toString(16).padStart(64, "0")}`;
}

function entry(seed: number, extra: object = {}): Record<string, unknown> {
  return { mediaType: "application/x", digest: digest(seed), size: seed, ...extra };
}

/** Runs it on text; `seeds` are the entries that stay. */
function rebuild(text: string, seeds: number[], replace?: Map<Digest, Descriptor>): string {
  const kept = seeds.map(digest);
  const keep = (descriptor: Descriptor): boolean => kept.includes(descriptor.digest);
  return new TextDecoder().decode(rebuildIndex(new TextEncoder().encode(text), keep, replace));
}

const INDEX = {
  "schemaVersion": 2,
  "z-unknown": { "b": 1, "a": [1, "]", '"}'] },
  "manifests": [
    entry(1, { platform: { os: "linux", architecture: "amd64" }, unknown: '\\"]},' }),
    entry(2, { platform: { os: "linux", architecture: "arm64" } }),
    entry(3),
  ],
  "annotations": { "manifests": "x" },
};

const STYLES: [name: string, indent: string | number | undefined][] = [
  ["compact", undefined],
  ["two spaces", 2],
  ["three spaces, as Docker", 3],
  ["tabs", "\t"],
];

for (const [name, indent] of STYLES) {
  for (const seeds of [[1, 2, 3], [1], [2], [3], [1, 3], [2, 3], []]) {
    test(`rebuildIndex() keeps [${seeds}] in the style of the index: ${name}`, () => {
      const manifests = INDEX.manifests.filter((item) => seeds.includes(item["size"] as number));
      assert.equal(
        rebuild(JSON.stringify(INDEX, null, indent), seeds),
        JSON.stringify({ ...INDEX, manifests }, null, indent),
      );
    });
  }
}

test("rebuildIndex() gives the same bytes where all entries stay, odd as the text may be", () => {
  const one = JSON.stringify(entry(1));
  const two = JSON.stringify(entry(2), null, 1);
  const three = JSON.stringify(entry(3));
  const text =
    ` {"2":1.0,"1":12345678901234567890,"x":"\\u00e9é",\r\n"manifests" :\t[ ${one},${two}` +
    `\n  ,  ${three} ] , "e":[],"o":{},"n":null,"t":true,"f":-1.5e+3 }\n`;
  assert.equal(rebuild(text, [1, 2, 3]), text);
});

test("rebuildIndex() keeps numbers and key order that JSON.stringify would not", () => {
  const text = `{"2":1.0,"1":12345678901234567890,"manifests":[${JSON.stringify(entry(1))},` +
    `${JSON.stringify(entry(2))}],"__proto__":{"x":1}}`;
  assert.equal(
    rebuild(text, [2]),
    `{"2":1.0,"1":12345678901234567890,"manifests":[${JSON.stringify(entry(2))}],` +
      `"__proto__":{"x":1}}`,
  );
});

test("rebuildIndex() finds manifests behind an escaped key, and not within a string or a level below", () => {
  const text = `{"a":"\\"manifests\\":[1]","b":{"manifests":[1]},"m\\u0061nifests":[` +
    `${JSON.stringify(entry(1))}]}`;
  assert.equal(
    rebuild(text, []),
    `{"a":"\\"manifests\\":[1]","b":{"manifests":[1]},"m\\u0061nifests":[]}`,
  );
});

const NEW = parseDescriptor(entry(0xabc), "new");

test("rebuildIndex() puts digest and size of a rebuilt child in, and nothing else", () => {
  const index = { manifests: [entry(1, { keep: "this" }), entry(2), entry(3)] };
  assert.equal(
    rebuild(JSON.stringify(index, null, 2), [1, 2], new Map([[digest(1), NEW], [digest(3), NEW]])),
    JSON.stringify(
      { manifests: [entry(1, { keep: "this", digest: NEW.digest, size: NEW.size }), entry(2)] },
      null,
      2,
    ),
  );
});

const DATA_PLACES: [place: string, make: (data: object, id: object) => object][] = [
  ["first", (data, id) => ({ ...data, ...id, mediaType: "application/x" })],
  ["in the middle", (data, id) => ({ mediaType: "application/x", ...data, ...id })],
  ["last", (data, id) => ({ mediaType: "application/x", ...id, ...data })],
];

for (const [place, make] of DATA_PLACES) {
  test(`rebuildIndex() takes the old content out of a replaced entry: data ${place}`, () => {
    const old = make({ data: "e30=" }, { digest: digest(1), size: 1 });
    const wanted = make({}, { digest: NEW.digest, size: NEW.size });
    for (const indent of [undefined, 2]) {
      const text = JSON.stringify({ manifests: [old] }, null, indent);
      assert.equal(
        rebuild(text, [1], new Map([[digest(1), NEW]])),
        JSON.stringify({ manifests: [wanted] }, null, indent),
      );
      assert.equal(rebuild(text, [1]), text);
    }
  });
}

test("rebuildIndex() calls its filter for each entry with its platform, in order", () => {
  const asked: (string | undefined)[] = [];
  rebuildIndex(new TextEncoder().encode(JSON.stringify(INDEX)), (descriptor) => {
    asked.push(descriptor.platform?.architecture);
    return true;
  });
  assert.deepEqual(asked, ["amd64", "arm64", undefined]);
});

const ONE = JSON.stringify(entry(1));

const BAD: [name: string, text: string, message: RegExp][] = [
  ["an image", `{"layers":[]}`, /manifests: expected an array, got nothing/],
  ["manifests of null", `{"manifests":null}`, /manifests: expected an array, got null/],
  ["manifests twice", `{"manifests":[],"manifests":[${ONE}]}`, /the member occurs twice/],
  ["a bad entry", `{"manifests":[${ONE},{}]}`, /manifests\[1\]\.mediaType/],
  ["no JSON", `{"manifests":[}`, /it is not valid JSON/],
  [
    "an entry with a member twice",
    `{"manifests":[${ONE.replace("{", `{"data":"","data":"",`)}]}`,
    /a member of an entry occurs twice/,
  ],
];

for (const [name, text, message] of BAD) {
  test(`rebuildIndex() rejects ${name}`, () => {
    const replace = new Map([[digest(1), NEW]]);
    assert.throws(() => rebuild(text, [1], replace), { code: "registry", message });
  });
}
