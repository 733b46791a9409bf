import { test } from "node:test";
import assert from "node:assert/strict";
import { ParseError } from "../../src/errors.ts";
import { formatPlatform, matchesPlatform, parsePlatform } from "../../src/oci/platform.ts";
import type { Platform } from "../../src/oci/platform.ts";

const GOOD: [text: string, platform: Platform, formatted: string][] = [
  ["linux/amd64", { os: "linux", architecture: "amd64" }, "linux/amd64"],
  ["Linux/AMD64", { os: "linux", architecture: "amd64" }, "linux/amd64"],
  ["linux/x86_64", { os: "linux", architecture: "amd64" }, "linux/amd64"],
  ["linux/x86-64", { os: "linux", architecture: "amd64" }, "linux/amd64"],
  ["linux/amd64/v1", { os: "linux", architecture: "amd64" }, "linux/amd64"],
  ["linux/amd64/v3", { os: "linux", architecture: "amd64", variant: "v3" }, "linux/amd64/v3"],
  ["linux/i386", { os: "linux", architecture: "386" }, "linux/386"],
  ["linux/386", { os: "linux", architecture: "386" }, "linux/386"],
  ["linux/aarch64", { os: "linux", architecture: "arm64" }, "linux/arm64"],
  ["linux/arm64/v8", { os: "linux", architecture: "arm64" }, "linux/arm64"],
  ["linux/arm64/8", { os: "linux", architecture: "arm64" }, "linux/arm64"],
  ["linux/arm64/v9", { os: "linux", architecture: "arm64", variant: "v9" }, "linux/arm64/v9"],
  ["linux/arm", { os: "linux", architecture: "arm", variant: "v7" }, "linux/arm/v7"],
  ["linux/arm/7", { os: "linux", architecture: "arm", variant: "v7" }, "linux/arm/v7"],
  ["linux/arm/V6", { os: "linux", architecture: "arm", variant: "v6" }, "linux/arm/v6"],
  ["linux/arm/5", { os: "linux", architecture: "arm", variant: "v5" }, "linux/arm/v5"],
  ["linux/armhf", { os: "linux", architecture: "arm", variant: "v7" }, "linux/arm/v7"],
  ["linux/armel", { os: "linux", architecture: "arm", variant: "v6" }, "linux/arm/v6"],
  ["linux/riscv64", { os: "linux", architecture: "riscv64" }, "linux/riscv64"],
  ["linux/mips64le", { os: "linux", architecture: "mips64le" }, "linux/mips64le"],
  ["macos/arm64", { os: "darwin", architecture: "arm64" }, "darwin/arm64"],
  ["unknown/unknown", { os: "unknown", architecture: "unknown" }, "unknown/unknown"],
  [
    "windows/amd64:10.0.17763",
    { os: "windows", architecture: "amd64", "os.version": "10.0.17763" },
    "windows/amd64:10.0.17763",
  ],
  [
    "windows(10.0.17763)/amd64",
    { os: "windows", architecture: "amd64", "os.version": "10.0.17763" },
    "windows/amd64:10.0.17763",
  ],
  [
    "windows/arm64/v9:10.0",
    { os: "windows", architecture: "arm64", variant: "v9", "os.version": "10.0" },
    "windows/arm64/v9:10.0",
  ],
];

for (const [text, platform, formatted] of GOOD) {
  test(`parsePlatform() takes ${text}`, () => {
    assert.deepEqual(parsePlatform(text), platform);
    assert.equal(formatPlatform(platform), formatted);
    assert.deepEqual(parsePlatform(formatted), platform);
  });
}

const BAD = [
  "",
  "linux",
  "amd64",
  "/",
  "linux/",
  "/amd64",
  "linux//v8",
  "linux/arm64/",
  "linux/arm64/v8/x",
  "linux/amd 64",
  " linux/amd64",
  "linux/amd64\n",
  "linux/amd64:",
  "windows()/amd64",
  "windows(10/amd64",
  "windows(10)/amd64:10",
  "linux/*",
  "linux/amd64,linux/arm64",
  "linux/ämd64",
];

for (const text of BAD) {
  test(`parsePlatform() rejects ${JSON.stringify(text)}`, () => {
    assert.throws(() => parsePlatform(text), (error) => {
      assert.ok(error instanceof ParseError);
      assert.ok(error.message.startsWith(`parse platform ${JSON.stringify(text)}: `));
      return true;
    });
  });
}

test("formatPlatform() puts the spelling of an index right", () => {
  assert.equal(
    formatPlatform({ os: "linux", architecture: "aarch64", variant: "v8" }),
    "linux/arm64",
  );
  assert.equal(formatPlatform({ os: "linux", architecture: "arm" }), "linux/arm/v7");
});

const MATCHES: [wanted: string, offered: Platform, matches: boolean][] = [
  ["linux/amd64", { os: "linux", architecture: "amd64" }, true],
  ["linux/amd64", { os: "linux", architecture: "x86_64" }, true],
  ["linux/amd64", { os: "linux", architecture: "amd64", variant: "v3" }, true],
  ["linux/amd64/v3", { os: "linux", architecture: "amd64" }, false],
  ["linux/amd64/v3", { os: "linux", architecture: "amd64", variant: "v3" }, true],
  ["linux/amd64", { os: "windows", architecture: "amd64" }, false],
  ["linux/amd64", { os: "linux", architecture: "arm64" }, false],
  ["linux/amd64", { os: "unknown", architecture: "unknown" }, false],
  ["linux/amd64", { os: "", architecture: "" }, false],
  ["linux/arm64", { os: "linux", architecture: "arm64", variant: "v8" }, true],
  ["linux/arm64/v8", { os: "linux", architecture: "arm64" }, true],
  ["linux/arm64/v9", { os: "linux", architecture: "arm64", variant: "v8" }, false],
  ["linux/arm", { os: "linux", architecture: "arm", variant: "v7" }, true],
  ["linux/arm", { os: "linux", architecture: "arm", variant: "v6" }, false],
  ["linux/arm", { os: "linux", architecture: "arm" }, true],
  ["linux/arm/v6", { os: "linux", architecture: "arm", variant: "6" }, true],
  ["linux/arm/v6", { os: "linux", architecture: "arm", variant: "v7" }, false],
  ["windows/amd64", { os: "windows", architecture: "amd64", "os.version": "10.0.17763.1" }, true],
  [
    "windows/amd64:10.0.17763",
    { os: "windows", architecture: "amd64", "os.version": "10.0.17763.6414" },
    true,
  ],
  [
    "windows/amd64:10.0.17763.6414",
    { os: "windows", architecture: "amd64", "os.version": "10.0.17763.6414" },
    true,
  ],
  [
    "windows/amd64:10.0.1776",
    { os: "windows", architecture: "amd64", "os.version": "10.0.17763.6414" },
    false,
  ],
  [
    "windows/amd64:10.0.20348",
    { os: "windows", architecture: "amd64", "os.version": "10.0.17763.6414" },
    false,
  ],
  ["windows/amd64:10.0.17763", { os: "windows", architecture: "amd64" }, false],
];

for (const [wanted, offered, matches] of MATCHES) {
  test(`matchesPlatform() ${wanted} ${matches ? "matches" : "does not match"} ${JSON.stringify(offered)}`, () => {
    assert.equal(matchesPlatform(parsePlatform(wanted), offered), matches);
  });
}

test("matchesPlatform() wants every feature that is asked for", () => {
  const wanted: Platform = { os: "windows", architecture: "amd64", "os.features": ["win32k"] };
  const plain: Platform = { os: "windows", architecture: "amd64" };
  assert.equal(matchesPlatform(wanted, { ...plain, "os.features": ["x", "win32k"] }), true);
  assert.equal(matchesPlatform(wanted, plain), false);
  assert.equal(matchesPlatform(plain, wanted), true);
});
