import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCopyRequest } from "../../src/copy/request.ts";
import type { ComparisonInput, CopyRequestInput } from "../../src/copy/request.ts";
import type { Step } from "../../src/copy/step.ts";
import { createMatcher } from "../../src/server/allow_list.ts";
import { createAllowed } from "../../src/server/allowed.ts";
import { parseConfig } from "../../src/config/server_config.ts";
import { RequestError } from "../../src/problem.ts";

const MATCHES: [glob: string, name: string, matches: boolean][] = [
  ["docker.io/library/*", "docker.io/library/alpine", true],
  ["docker.io/library/*", "docker.io/library/a/b", false],
  ["docker.io/library/*", "docker.io/other/alpine", false],
  ["docker.io/**", "docker.io/library/alpine", true],
  ["**", "docker.io/library/alpine", true],
  ["ghcr.io/org/app", "ghcr.io/org/app", true],
  ["ghcr.io/org/app", "ghcr.io/org/app2", false],
  ["ghcr.io/org/app", "xghcr.io/org/app", false],
  ["ghcr.io/org/app", "ghcrXio/org/app", false],
  ["*.example.com/**", "a.example.com/x", true],
  ["*.example.com/**", "a.example.com.evil.io/x", false],
  ["127.0.0.1:5000/**", "127.0.0.1:5000/a", true],
  ["127.0.0.1:5000/**", "127.0.0.1:5001/a", false],
  ["[::1]:5000/**", "[::1]:5000/a", true],
  ["[::1]:5000/**", ":/a", false],
  ["!docker.io/**", "ghcr.io/a", false],
  ["ghcr.io/{a,b}/*", "ghcr.io/b/x", true],
];

for (const [glob, name, matches] of MATCHES) {
  test(`createMatcher() of ${glob} ${matches ? "takes" : "leaves"} ${name}`, () => {
    assert.equal(createMatcher([glob])(name), matches);
  });
}

test("createMatcher() of nothing takes nothing", () => {
  assert.equal(createMatcher([])("docker.io/library/alpine"), false);
});

const allowed = createAllowed(parseConfig({
  CROSSDOCK_ALLOW_SOURCES: "docker.io/library/*",
  CROSSDOCK_ALLOW_DESTINATIONS: "mirror.io/hub/*",
}));

function copy(request: CopyRequestInput): void {
  allowed.copy(parseCopyRequest(request));
}

function comparison(request: ComparisonInput): void {
  allowed.comparison(parseCopyRequest(request));
}

function refused(call: () => void): Pick<RequestError["problem"], "status" | "errors"> {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof RequestError, String(error));
    const { status, errors } = error.problem;
    return { status, errors };
  }
  return assert.fail("it was allowed");
}

test("createAllowed().copy() takes what both lists hold, in any spelling", () => {
  copy({ source: "alpine:3.20", destination: "mirror.io/hub/alpine" });
  copy({ source: "docker://index.docker.io/alpine", destination: "MIRROR.io/hub/alpine" });
});

test("createAllowed().copy() points to each field that is not allowed", () => {
  const { status, errors } = refused(() =>
    copy({ source: "mirror.io/hub/alpine", destination: "alpine" })
  );
  assert.equal(status, 403);
  assert.deepEqual(errors?.map(({ pointer }) => pointer), ["#/source", "#/destination"]);
});

test("createAllowed().copy() points to repositories of referrers that are not allowed", () => {
  const names = { source: "alpine:3.20", destination: "mirror.io/hub/alpine" };
  const referrers = { referrerSource: "signatures", referrerDestination: "mirror.io/hub/signed" };
  copy({ ...names, ...referrers });
  const { status, errors } = refused(() =>
    copy({
      ...names,
      referrerSource: referrers.referrerDestination,
      referrerDestination: referrers.referrerSource,
    })
  );
  assert.equal(status, 403);
  const pointers = errors?.map(({ pointer }) => pointer);
  assert.deepEqual(pointers, ["#/referrerSource", "#/referrerDestination"]);
});

test("createAllowed().comparison() takes what either list holds, and points to the rest", () => {
  const names = {
    source: "mirror.io/hub/alpine",
    destination: "alpine",
    referrerSource: "mirror.io/hub/signed",
    referrerDestination: "signatures",
  };
  comparison(names);
  for (const field of Object.keys(names)) {
    const { status, errors } = refused(() => comparison({ ...names, [field]: "quay.io/a/b" }));
    assert.equal(status, 403);
    assert.deepEqual(errors?.map(({ pointer }) => pointer), [`#/${field}`]);
  }
  comparison({ ...names, referrers: false, referrerSource: "quay.io/a/b" });
});

test("createAllowed().read() takes sources and destinations", () => {
  allowed.read("reference", "alpine");
  allowed.read("reference", "mirror.io/hub/alpine:1");
  const { errors } = refused(() => allowed.read("reference", "mirror.io/other/alpine"));
  assert.deepEqual(errors?.map(({ parameter }) => parameter), ["reference"]);
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

test("createAllowed().step() takes a step between allowed repositories", () => {
  allowed.step(blob);
  allowed.step({
    type: "referrers",
    destination: blob.destination,
    subject: blob.descriptor.digest,
    referrers: [blob.descriptor],
  });
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
  test(`createAllowed().step() refuses ${what}`, () => {
    const { status, errors } = refused(() => allowed.step(step));
    assert.equal(status, 403);
    assert.deepEqual(errors?.map(({ pointer }) => pointer), [pointer]);
  });
}
