import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPlatform, matchesPlatform, parsePlatform } from "../../../src/oci/platform.ts";
import { textOf, tryParse } from "../../support/property.ts";

const platforms = textOf(
  ...["linux", "windows", "macos", "/", "amd64", "x86_64", "ARM64", "arm", "aarch64", "i386"],
  ...["armhf", "v7", "v8", "8", "v1", "(10.0)", ":10.0.17763", "A"],
);

test("parsePlatform() accepts what formatPlatform() writes, and returns the same", () => {
  let parsed = 0;
  fc.assert(
    fc.property(
      fc.oneof(
        platforms,
        fc.tuple(platforms, platforms, platforms).map((parts) => parts.join("/")),
      ),
      (text) => {
        const platform = tryParse(() => parsePlatform(text));
        if (platform === undefined) return;
        parsed++;
        assert.deepEqual(parsePlatform(formatPlatform(platform)), platform);
        assert.ok(matchesPlatform(platform, platform), text);
      },
    ),
    { numRuns: 5000 },
  );
  assert.ok(parsed > 20, `${parsed} platforms`);
});
