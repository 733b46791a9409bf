import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCopyRequest, toCopyRequestInput } from "../../src/copy/request.ts";
import type { CopyRequestInput } from "../../src/copy/request.ts";
import { formatReference } from "../../src/oci/reference.ts";

const A = `sha256:${"a".repeat(64)}`;
const B = `sha256:${"b".repeat(64)}`;

const NAMES = [
  { source: "a.io/x", destination: "b.io/y", result: "b.io/y:latest" },
  { source: "a.io/x:1", destination: "b.io/y", result: "b.io/y:1" },
  { source: "a.io/x:1", destination: "b.io/y:2", result: "b.io/y:2" },
  { source: `a.io/x@${A}`, destination: "b.io/y", result: `b.io/y@${A}` },
  { source: `a.io/x:1@${A}`, destination: "b.io/y", result: "b.io/y:1" },
  { source: `a.io/x@${A}`, destination: "b.io/y:2", result: "b.io/y:2" },
  { source: `a.io/x@${A}`, destination: `b.io/y@${A}`, result: `b.io/y@${A}` },
  { source: "a.io/x:1", destination: `b.io/y@${A}`, result: `b.io/y@${A}` },
];

for (const { source, destination, result } of NAMES) {
  test(`parseCopyRequest() names ${result} for ${source} to ${destination}`, () => {
    const request = parseCopyRequest({ source, destination });
    assert.equal(formatReference(request.destination), result);
  });
}

test("parseCopyRequest() fills in defaults", () => {
  const input = { source: "a.io/x", destination: "b.io/y" };
  const { source: _, destination: __, ...options } = structuredClone(parseCopyRequest(input));
  assert.deepEqual(options, {
    input,
    platforms: [],
    index: "rebuild",
    referrers: true,
    referrerFilters: [],
    digestTags: true,
    verify: "auto",
    ifExists: "overwrite",
    recheck: false,
    foreignLayers: false,
  });
});

test("parseCopyRequest() keeps given fields", () => {
  const given = {
    index: "sparse",
    referrers: false,
    referrerFilters: [{ artifactType: "a/b", annotations: { c: "d" } }],
    digestTags: false,
    verify: "stream",
    ifExists: "fail",
    recheck: true,
    foreignLayers: true,
  } as const satisfies Partial<CopyRequestInput>;
  const input = {
    source: "a.io/x",
    destination: "b.io/y",
    platforms: ["linux/arm/v7"],
    ...given,
  };
  const request = structuredClone(parseCopyRequest(input));
  const { source: _, destination: __, platforms, ...options } = request;
  assert.deepEqual(options, { input, ...given });
  assert.deepEqual(platforms, [{ os: "linux", architecture: "arm", variant: "v7" }]);
});

test("parseCopyRequest() returns a parsed request unchanged, and parses a copy of one", () => {
  const request = parseCopyRequest({ source: "a.io/x", destination: "b.io/y" });
  assert.equal(parseCopyRequest(request), request);
  const forged = JSON.parse(JSON.stringify(request));
  assert.throws(() => parseCopyRequest(forged), { code: "usage", message: /source: / });
});

test("toCopyRequestInput() returns the caller's input", () => {
  const input = { source: "x", destination: "b.io/y", index: "sparse" as const };
  assert.deepEqual(toCopyRequestInput(parseCopyRequest(input)), input);
  assert.equal(toCopyRequestInput(input), input);
});

test("parseCopyRequest() rejects a digest that the source does not have", () => {
  assert.throws(
    () => parseCopyRequest({ source: `a.io/x@${A}`, destination: `b.io/y@${B}` }),
    { code: "usage", message: /and a copy keeps it$/ },
  );
});

const BAD: { field: string; value: unknown }[] = [
  { field: "source", value: { destination: "b.io/y" } },
  { field: "destination", value: { source: "a.io/x" } },
  { field: "source", value: { source: 1, destination: "b.io/y" } },
  { field: "index", value: { source: "a.io/x", destination: "b.io/y", index: "keep" } },
  { field: "verify", value: { source: "a.io/x", destination: "b.io/y", verify: true } },
  { field: "ifExists", value: { source: "a.io/x", destination: "b.io/y", ifExists: "ask" } },
  { field: "platforms", value: { source: "a.io/x", destination: "b.io/y", platforms: "all" } },
  { field: "referrers", value: { source: "a.io/x", destination: "b.io/y", referrers: "no" } },
  { field: "colour", value: { source: "a.io/x", destination: "b.io/y", colour: "red" } },
];

for (const { field, value } of BAD) {
  test(`parseCopyRequest() names ${field} in ${JSON.stringify(value)}`, () => {
    assert.throws(
      () => parseCopyRequest(value),
      (error: Error) => error.name === "ParseError" && error.message.includes(field),
    );
  });
}

test("parseCopyRequest() reads the repositories of referrers, where these are others", () => {
  const names = { source: "a.io/x:1", destination: "b.io/y" };
  const own = { referrerSource: "a.io/x", referrerDestination: "b.io/y" };
  const others = { referrerSource: "a.io/sig", referrerDestination: "c.io/y" };
  const read = (input: Partial<CopyRequestInput>): unknown[] => {
    const request = parseCopyRequest({ ...names, ...input });
    return [request.referrerSource, request.referrerDestination];
  };
  assert.deepEqual(read(others), [
    { registry: "a.io", repository: "sig" },
    { registry: "c.io", repository: "y" },
  ]);
  assert.deepEqual(read(own), [undefined, undefined]);
  assert.deepEqual(read({ ...others, referrers: false }), [undefined, undefined]);
});

for (const field of ["referrerSource", "referrerDestination"]) {
  for (const text of ["a.io/x:1", `a.io/x@${A}`, "a b", ""]) {
    test(`parseCopyRequest() rejects ${JSON.stringify(text)} and names the field ${field}`, () => {
      assert.throws(
        () => parseCopyRequest({ source: "a.io/x", destination: "b.io/y", [field]: text }),
        { code: "usage", field },
      );
    });
  }
}
