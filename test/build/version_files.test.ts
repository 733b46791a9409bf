import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { listDocuments, NAMED_VERSION, VERSION_FILES } from "../../build/version_files.ts";
import deno from "../../deno.json" with { type: "json" };
import npm from "../../package.json" with { type: "json" };
import openapi from "../../src/server/api/openapi.json" with { type: "json" };
import { PACKAGE_VERSION } from "../../src/version.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

test("each file that repeats the version has the one of package.json: deno task release", () => {
  assert.deepEqual([PACKAGE_VERSION, deno.version, openapi.info.version], [
    npm.version,
    npm.version,
    npm.version,
  ]);
});

test("VERSION_FILES has a pattern that finds the version of package.json, once a file", () => {
  assert.ok(Object.keys(VERSION_FILES).length >= 3);
  for (const [path, pattern] of Object.entries(VERSION_FILES)) {
    const text = readFileSync(join(ROOT, path), "utf8");
    const matches = [...text.matchAll(new RegExp(pattern, `g${pattern.flags}`))];
    assert.deepEqual(matches.map(([all, before = ""]) => all.slice(before.length)), [npm.version]);
  }
});

test("no document names another version of the package, the Action or the image", () => {
  // The name of a tarball may be an example.
  const paths = listDocuments(ROOT);
  assert.ok(paths.includes("README.md"));
  const named = paths.flatMap((path) =>
    [...readFileSync(join(ROOT, path), "utf8").matchAll(NAMED_VERSION)]
      .filter(({ input, index }) => input[index - 1] !== "-")
      .map(([version]) => ({ path, version }))
  );
  assert.deepEqual(named.filter(({ version }) => version !== npm.version), []);
});

test("deno.json has only exports that package.json has", () => {
  const names = Object.keys(deno.exports);
  assert.ok(names.length > 0);
  assert.deepEqual(names.filter((name) => !(name in npm.exports)), []);
});
