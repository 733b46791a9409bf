import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatReference,
  isLocal,
  isRepositoryPath,
  parseReference,
  parseRegistry,
  parseRepository,
  registryEndpointHost,
} from "../../../src/oci/reference.ts";
import { repeated, textOf, tryParse } from "../../support/property.ts";

const PIECES = [
  "docker.io",
  "index.docker.io",
  "library",
  "localhost",
  "LOCALHOST",
  "Foo",
  "ghcr.io",
  "127.1",
  "[::1]",
  "[::ffff:127.0.0.1]",
  ":5000",
  ":0",
  ":080",
  "/",
  ":",
  "@",
  ".",
  "-",
  "__",
  "a",
  "1",
  "docker://",
  "https://",
  "oci:",
  "ocidir://",
  "docker-archive:",
  "dir:",
  "@0",
  " ",
  `sha256:${"a".repeat(64)}`,
  `sha512:${"0".repeat(128)}`,
];

const names = fc.tuple(
  fc.constantFrom(
    "",
    "docker.io/",
    "index.docker.io/",
    "Foo/",
    "GHCR.io/",
    "[::1]:5000/",
    "a.io:080/",
  ),
  fc.array(fc.stringMatching(/^[a-z0-9]{1,5}([._-][a-z0-9]{1,3})?$/), {
    minLength: 1,
    maxLength: 3,
  }),
  fc.constantFrom("", ":3.20", ":_", `:${"a".repeat(128)}`),
  fc.constantFrom("", `@sha256:${"a".repeat(64)}`),
).map(([registry, components, tag, digest]) => registry + components.join("/") + tag + digest);

const texts = fc.oneof(names, textOf(...PIECES), repeated(1100, ...PIECES));

test("parseReference() accepts what formatReference() writes, and returns the same", () => {
  let parsed = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const reference = tryParse(() => parseReference(text));
      if (reference === undefined) return;
      parsed++;
      assert.deepEqual(parseReference(formatReference(reference)), reference);
      if (isLocal(reference)) return;
      assert.ok(isRepositoryPath(reference.repository), reference.repository);
    }),
    { numRuns: 5000 },
  );
  assert.ok(parsed > 500, `${parsed} references`);
});

test("parseReference() accepts a repository of every length up to its limit", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("", "docker.io/", "index.docker.io/", "ghcr.io/", "library/"),
      fc.integer({ min: 1, max: 260 }),
      (prefix, length) => {
        const reference = tryParse(() => parseReference(prefix + "a".repeat(length)));
        if (reference === undefined) return;
        assert.deepEqual(parseReference(formatReference(reference)), reference);
      },
    ),
    { numRuns: 2000 },
  );
});

test("parseRepository() returns a repository without tag and digest", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const repository = tryParse(() => parseRepository(text));
      assert.deepEqual(Object.keys(repository ?? {}), repository ? ["registry", "repository"] : []);
    }),
    { numRuns: 2000 },
  );
});

test("parseRegistry() returns a host that stays the same, and that a URL has unchanged", () => {
  fc.assert(
    fc.property(texts, (text) => {
      const registry = tryParse(() => parseRegistry(text));
      if (registry === undefined) return;
      assert.equal(parseRegistry(registry), registry);
      const { hostname } = new URL(`https://${registryEndpointHost(registry)}/v2/`);
      assert.equal(hostname, registryEndpointHost(registry).replace(/:[0-9]+$/, "").toLowerCase());
    }),
    { numRuns: 5000 },
  );
});
