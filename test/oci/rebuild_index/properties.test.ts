import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../../../src/oci/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../src/oci/media_types.ts";
import { rebuildIndex } from "../../../src/oci/rebuild_index.ts";

const hex = fc.constantFrom(..."0123456789abcdef");
const digests = hex.map((digit): Digest => `sha256:${digit.repeat(64)}`);
const entries = fc.record({
  mediaType: fc.constant(OCI_MANIFEST),
  digest: digests,
  size: fc.nat(),
  annotations: fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })),
  data: fc.base64String(),
  "x-other": fc.jsonValue(),
}, { requiredKeys: ["mediaType", "digest", "size"] });
const indexes = fc.record({
  schemaVersion: fc.constant(2),
  mediaType: fc.constant(OCI_INDEX),
  "x-before": fc.jsonValue(),
  manifests: fc.array(entries, { maxLength: 5 }),
  "x-after": fc.jsonValue(),
}, { requiredKeys: ["schemaVersion", "manifests"] });
const indents = fc.constantFrom(undefined, 1, 3, "\t", "\r\n");

function encode(value: unknown, indent: string | number | undefined): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, indent));
}

function decode(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

test("rebuildIndex() that keeps all entries returns the same bytes", () => {
  fc.assert(
    fc.property(indexes, indents, (index, indent) => {
      const bytes = encode(index, indent);
      assert.deepEqual(rebuildIndex(bytes, () => true), bytes);
    }),
    { numRuns: 500 },
  );
});

test("rebuildIndex() removes and replaces entries, and nothing else", () => {
  fc.assert(
    fc.property(indexes, indents, fc.func(fc.boolean()), digests, (index, indent, keep, digest) => {
      const before = decode(encode(index, indent)) as typeof index;
      const replacement = {
        mediaType: OCI_MANIFEST,
        digest: `sha256:${"f".repeat(64)}`,
        size: 7,
      } as const;
      const rebuilt = rebuildIndex(
        encode(index, indent),
        (entry) => keep(entry.digest),
        new Map([[digest, replacement]]),
      );
      const manifests = before.manifests.filter((entry) => keep(entry.digest)).map((entry) => {
        if (entry.digest !== digest) return entry;
        const { data: _, ...rest } = entry;
        return { ...rest, digest: replacement.digest, size: replacement.size };
      });
      assert.deepEqual(decode(rebuilt), { ...before, manifests });
    }),
    { numRuns: 1000 },
  );
});
