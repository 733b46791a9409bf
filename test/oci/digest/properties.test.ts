import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { digestSchema, isDigest, parseDigest } from "../../../src/oci/digest.ts";
import { textOf, tryParse } from "../../support/property.ts";

const HEX = "0123456789abcdef";
const pieces = ["sha256", "sha512", ":", HEX.repeat(4), HEX.repeat(8), HEX, "A", "g", "\n"];

test("parseDigest(), isDigest() and digestSchema accept the same texts", () => {
  let parsed = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        textOf(...pieces),
        fc.tuple(fc.constantFrom("sha256:", "sha512:"), textOf(...pieces)).map((all) =>
          all.join("")
        ),
        fc.constantFrom(`sha256:${HEX.repeat(4)}`, `sha512:${HEX.repeat(8)}`),
      ),
      (text) => {
        const digest = tryParse(() => parseDigest(text));
        if (digest !== undefined) parsed++;
        assert.equal(digest, isDigest(text) ? text : undefined);
        assert.equal(digestSchema.safeParse(text).success, isDigest(text));
      },
    ),
    { numRuns: 3000 },
  );
  assert.ok(parsed > 100, `${parsed} digests`);
});
