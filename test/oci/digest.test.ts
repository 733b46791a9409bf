import { test } from "node:test";
import assert from "node:assert/strict";
import { ParseError } from "../../src/errors.ts";
import {
  digestAlgorithm,
  digestBytes,
  digestHex,
  isDigest,
  parseDigest,
} from "../../src/oci/digest.ts";

const HEX64 = "0123456789abcdef".repeat(4);

const GOOD = [`sha256:${HEX64}`, `sha512:${HEX64}${HEX64}`];

const BAD: [name: string, text: string, fault: RegExp][] = [
  ["nothing", "", /no algorithm/],
  ["no algorithm", HEX64, /no algorithm/],
  ["no hex", "sha256:", /0 digits after sha256:, expected 64/],
  ["a path", "sha256:../../x", /7 digits|expected 64/],
  [
    "a path of the right length",
    `sha256:${"../".repeat(21)}x`,
    /characters other than hexadecimal/,
  ],
  ["one short", `sha256:${HEX64.slice(1)}`, /63 digits after sha256:, expected 64/],
  ["one long", `sha256:${HEX64}0`, /65 digits/],
  ["sha512 with the length of sha256", `sha512:${HEX64}`, /64 digits after sha512:, expected 128/],
  ["sha256 with the length of sha512", `sha256:${HEX64}${HEX64}`, /128 digits/],
  ["upper case digits", `sha256:${HEX64.toUpperCase()}`, /upper case, expected lower case/],
  ["upper case algorithm", `SHA256:${HEX64}`, /unknown algorithm "SHA256"/],
  ["unknown algorithm", `md5:${HEX64}`, /unknown algorithm "md5"/],
  ["a name that objects inherit", `constructor:${HEX64}`, /unknown algorithm "constructor"/],
  ["space in front", ` sha256:${HEX64}`, /unknown algorithm/],
  ["line feed after", `sha256:${HEX64}\n`, /65 digits/],
  ["line feed within the length", `sha256:${HEX64.slice(1)}\n`, /characters other than/],
  ["two colons", `sha256::${HEX64.slice(1)}`, /characters other than/],
];

for (const text of GOOD) {
  test(`parseDigest() takes ${text.slice(0, 10)}…`, () => {
    assert.equal(parseDigest(text), text);
    assert.equal(isDigest(text), true);
  });
}

for (const [name, text, fault] of BAD) {
  test(`parseDigest() rejects ${name}`, () => {
    assert.throws(() => parseDigest(text), (error) => {
      assert.ok(error instanceof ParseError);
      assert.match(error.message, fault);
      assert.ok(error.message.startsWith("parse digest "), error.message);
      return true;
    });
    assert.equal(isDigest(text), false);
  });
}

test("parseDigest() quotes at most 100 characters and no control character", () => {
  assert.throws(() => parseDigest(`\x1b\x9b\u202e${"x".repeat(5000)}:0`), (error: Error) => {
    assert.ok(error.message.length < 400, `${error.message.length} characters`);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(error.message, /[\x00-\x1f\x7f-\x9f\u202e]/);
    assert.match(error.message, /\(5005 characters\)/);
    return true;
  });
});

test("digestAlgorithm() and digestHex() take a digest apart", () => {
  assert.equal(digestAlgorithm(parseDigest(`sha256:${HEX64}`)), "sha256");
  assert.equal(digestHex(parseDigest(`sha256:${HEX64}`)), HEX64);
  assert.equal(digestAlgorithm(parseDigest(`sha512:${HEX64}${HEX64}`)), "sha512");
  assert.equal(digestHex(parseDigest(`sha512:${HEX64}${HEX64}`)), HEX64 + HEX64);
});

test("digestBytes() gives the published digests of {} and of nothing", async () => {
  // The first stands in the image spec, for the empty descriptor.
  assert.equal(
    await digestBytes(new TextEncoder().encode("{}")),
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  );
  assert.equal(
    await digestBytes(new Uint8Array(), "sha512"),
    "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" +
      "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
  );
});

test("digestBytes() hashes a view and not the buffer beneath it", async () => {
  const buffer = new TextEncoder().encode("xx{}xx");
  assert.equal(
    await digestBytes(buffer.subarray(2, 4)),
    await digestBytes(new TextEncoder().encode("{}")),
  );
});
