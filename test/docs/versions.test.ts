import assert from "node:assert/strict";
import { test } from "node:test";
import deno from "../../deno.json" with { type: "json" };
import npm from "../../package.json" with { type: "json" };
import { PACKAGE_VERSION } from "../../src/version.ts";

test("PACKAGE_VERSION is that of package.json", () => assert.equal(PACKAGE_VERSION, npm.version));

test("deno.json and package.json have the same version, and the same names for exports", () => {
  assert.equal(deno.version, npm.version);
  const names = Object.keys(deno.exports);
  assert.ok(names.length > 0);
  assert.deepEqual(names.filter((name) => !(name in npm.exports)), []);
});
