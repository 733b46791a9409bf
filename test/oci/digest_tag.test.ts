import { test } from "node:test";
import assert from "node:assert/strict";
import { parseDigest } from "../../src/oci/digest.ts";
import {
  DIGEST_TAG_SUFFIXES,
  digestTag,
  parseDigestTag,
  referrersTag,
} from "../../src/oci/digest_tag.ts";

const HEX = "0123456789abcdef".repeat(4);
const SHA256 = parseDigest(`sha256:${HEX}`);
const SHA512 = parseDigest(`sha512:${HEX}${"f".repeat(64)}`);

test("referrersTag() puts a dash for the colon and cuts after 64 digits", () => {
  assert.equal(referrersTag(SHA256), `sha256-${HEX}`);
  assert.equal(referrersTag(SHA512), `sha512-${HEX}`);
});

test("digestTag() and parseDigestTag() undo each other", () => {
  for (const suffix of DIGEST_TAG_SUFFIXES) {
    const tag = digestTag(SHA256, suffix);
    assert.equal(tag, `sha256-${HEX}.${suffix}`);
    assert.deepEqual(parseDigestTag(tag ?? ""), { digest: SHA256, suffix });
  }
});

test("digestTag() has none for sha512, which no tag has room for", () => {
  assert.equal(digestTag(SHA512, "sig"), undefined);
});

const OTHER_TAGS = [
  "",
  "latest",
  `sha256-${HEX}`,
  `sha256-${HEX}.`,
  `sha256-${HEX}.other`,
  `sha256-${HEX}.sig.sig`,
  `sha256-${HEX.slice(1)}.sig`,
  `sha256-${HEX.toUpperCase()}.sig`,
  `sha256:${HEX}.sig`,
  `xsha256-${HEX}.sig`,
  `sha512-${HEX}.sig`,
  `sha256-${HEX}.sig\n`,
];

for (const tag of OTHER_TAGS) {
  test(`parseDigestTag() leaves ${JSON.stringify(tag)}`, () => {
    assert.equal(parseDigestTag(tag), undefined);
  });
}
