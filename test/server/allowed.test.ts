import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCopyRequest } from "../../src/copy/request.ts";
import type { ComparisonInput, CopyRequestInput } from "../../src/copy/request.ts";
import type { Step } from "../../src/copy/step.ts";
import { createAllowed } from "../../src/server/allowed.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import { RequestError } from "../../src/problem.ts";

const allowed = createAllowed(parseConfig({
  CROSSDOCK_ALLOW_SOURCES: "docker.io/library/*",
  CROSSDOCK_ALLOW_DESTINATIONS: "mirror.io/hub/*",
}));

/** The fields and parameters that a call rejects; none if it is allowed. */
function rejected(call: () => void): (string | undefined)[] {
  try {
    call();
    return [];
  } catch (error) {
    assert.ok(error instanceof RequestError, String(error));
    assert.equal(error.problem.status, 403);
    assert.ok(error.problem.errors?.length, "no field is named");
    return error.problem.errors.map(({ pointer, parameter }) => pointer ?? parameter);
  }
}

function copy(request: CopyRequestInput): (string | undefined)[] {
  return rejected(() => allowed.copy(parseCopyRequest(request)));
}

function comparison(request: ComparisonInput): (string | undefined)[] {
  return rejected(() => allowed.comparison(parseCopyRequest(request)));
}

test("createAllowed().copy() admits what both lists match, in any spelling", () => {
  const spellings = [
    ["alpine:3.20", "mirror.io/hub/alpine"],
    ["docker://index.docker.io/alpine", "MIRROR.io/hub/alpine"],
  ] as const;
  for (const [source, destination] of spellings) {
    assert.deepEqual(copy({ source, destination }), []);
  }
});

test("createAllowed().copy() points to each field that is not allowed", () => {
  const pointers = copy({ source: "mirror.io/hub/alpine", destination: "alpine" });
  assert.deepEqual(pointers, ["#/source", "#/destination"]);
});

test("createAllowed().copy() points to repositories of referrers that are not allowed", () => {
  const names = { source: "alpine:3.20", destination: "mirror.io/hub/alpine" };
  const referrers = { referrerSource: "signatures", referrerDestination: "mirror.io/hub/signed" };
  assert.deepEqual(copy({ ...names, ...referrers }), []);
  const swapped = {
    referrerSource: referrers.referrerDestination,
    referrerDestination: referrers.referrerSource,
  };
  assert.deepEqual(copy({ ...names, ...swapped }), ["#/referrerSource", "#/referrerDestination"]);
});

test("createAllowed().comparison() admits what one of the lists matches, and points to the rest", () => {
  const names = {
    source: "mirror.io/hub/alpine",
    destination: "alpine",
    referrerSource: "mirror.io/hub/signed",
    referrerDestination: "signatures",
  };
  assert.deepEqual(comparison(names), []);
  for (const field of Object.keys(names)) {
    assert.deepEqual(comparison({ ...names, [field]: "quay.io/a/b" }), [`#/${field}`]);
  }
  const unused = { ...names, referrers: false, referrerSource: "quay.io/a/b" };
  assert.deepEqual(comparison(unused), []);
});

test("createAllowed().read() admits sources and destinations", () => {
  const read = (name: string): (string | undefined)[] =>
    rejected(() => allowed.read({ parameter: "reference" }, name));
  assert.deepEqual(read("alpine"), []);
  assert.deepEqual(read("mirror.io/hub/alpine:1"), []);
  assert.deepEqual(read("mirror.io/other/alpine"), ["reference"]);
});

const blob: Step = {
  type: "blob",
  source: "docker.io/library/alpine",
  destination: "mirror.io/hub/alpine",
  descriptor: { mediaType: "x/y", digest: `sha256:${"0".repeat(64)}`, size: 1 },
  mountFrom: [],
  eager: true,
  verify: "auto",
};

test("createAllowed().step() admits a step between allowed repositories", () => {
  const referrers: Step = {
    type: "referrers",
    destination: blob.destination,
    subject: blob.descriptor.digest,
    referrers: [blob.descriptor],
  };
  for (const step of [blob, referrers]) {
    assert.deepEqual(rejected(() => allowed.step(step)), [], step.type);
  }
});

const STEPS: Readonly<Record<string, [step: Step, pointer: string]>> = {
  "another source": [{ ...blob, source: "quay.io/a/b" }, "#/source"],
  "another destination": [{ ...blob, destination: "quay.io/a/b" }, "#/destination"],
  "a mount from elsewhere": [{ ...blob, mountFrom: ["secret/app"] }, "#/mountFrom/0"],
  "a layer at a URL": [
    { ...blob, descriptor: { ...blob.descriptor, urls: ["https://evil.io/layer"] } },
    "#/descriptor/urls/0",
  ],
};

for (const [what, [step, pointer]] of Object.entries(STEPS)) {
  test(`createAllowed().step() rejects ${what}`, () => {
    assert.deepEqual(rejected(() => allowed.step(step)), [pointer]);
  });
}

test("createAllowed().step() admits the known repository of an allowed source's referrers, only as a source", () => {
  const { step } = createAllowed(parseConfig({
    CROSSDOCK_ALLOW_SOURCES: "dhi.io/python",
    CROSSDOCK_ALLOW_DESTINATIONS: "mirror.io/** dhi.io/python",
  }));
  const stepOf = (source: string, destination = "mirror.io/python"): Step => ({
    type: "manifest",
    source,
    destination,
    descriptor: {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: `sha256:${"a".repeat(64)}`,
      size: 2,
    },
  });
  const known = "registry.scout.docker.com/docker/dhi-python";
  assert.deepEqual(rejected(() => step(stepOf(known))), []);
  const other = "registry.scout.docker.com/docker/dhi-node";
  assert.deepEqual(rejected(() => step(stepOf(other))), ["#/source"]);
  assert.deepEqual(rejected(() => step(stepOf("dhi.io/python", known))), ["#/destination"]);
});
