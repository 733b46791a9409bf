import assert from "node:assert/strict";
import { test } from "node:test";
import type { Verification } from "../../../src/copy/model.ts";
import { localPlatform } from "../../../src/cli/options/parse_option.ts";
import { toCopyRequestInput } from "../../../src/copy/request.ts";
import type { CopyRequestInput } from "../../../src/copy/request.ts";
import type { Engine } from "../../../src/engine.ts";
import { fakeCli } from "../fake_cli.ts";
import { DESTINATION, SOURCE, verification } from "../samples.ts";
import { both, recordingEngine, testRejected } from "./cases.ts";

const goodRequests: [flags: string[], wanted: Partial<CopyRequestInput>][] = [
  [[], {}],
  [["--platform", "linux/amd64", "--platform", "linux/arm/v7"], {
    platforms: ["linux/amd64", "linux/arm/v7"],
  }],
  [["--platform", "linux/amd64, linux/arm64", "--platform=arm64"], {
    platforms: ["linux/amd64", "linux/arm64"],
  }],
  [["--platform=x86_64,arm/v7,S390X"], {
    platforms: ["linux/x86_64", "linux/arm/v7", "linux/S390X"],
  }],
  [["--platform=local"], { platforms: [localPlatform()] }],
  [["--platform=windows/amd64:10.0.17763"], { platforms: ["windows/amd64:10.0.17763"] }],
  [["--index", "sparse"], { index: "sparse" }],
  [["--index=refuse"], { index: "refuse" }],
  [["--referrers"], { referrers: true }],
  [["--no-referrers"], { referrers: false }],
  [["--referrer-source", "docker.io/acme/signed"], { referrerSource: "docker.io/acme/signed" }],
  [["--referrers", "--referrer-destination=docker://b.io/kept"], {
    referrers: true,
    referrerDestination: "docker://b.io/kept",
  }],
  [["--digest-tags"], { digestTags: true }],
  [["--no-digest-tags"], { digestTags: false }],
  [["--foreign-layers"], { foreignLayers: true }],
  [["--verify", "destination"], { verify: "destination" }],
  [["--if-exists", "fail"], { ifExists: "fail" }],
  [["--recheck"], { recheck: true }],
  [["--fast"], { fastCheck: true }],
  [["--additional-tag", "2", "--additional-tag", "copy/app:3"], { additionalTags: ["2", "3"] }],
];
for (const command of ["copy", "plan"]) {
  for (const [flags, wanted] of goodRequests) {
    test(`crossdock ${command} ${flags.join(" ")} makes the request`, async () => {
      const { engine, requests } = recordingEngine();
      const { exitCode, stderr } = await fakeCli({ engine }).run(
        command,
        ...flags,
        SOURCE,
        DESTINATION,
      );
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual(requests, [{ source: SOURCE, destination: DESTINATION, ...wanted }]);
    });
  }
}

test("crossdock copy, plan and verify take several tags in the destination", async () => {
  const { engine, requests } = recordingEngine();
  const verify: Engine["verify"] = (request) => {
    requests.push(toCopyRequestInput(request));
    return Promise.resolve(verification);
  };
  const cli = fakeCli({ engine: { ...engine, verify } });
  for (const command of ["copy", "plan", "verify"]) {
    await cli.run(command, SOURCE, `${DESTINATION},2,3`, "--additional-tag", "4");
  }
  const request = { source: SOURCE, destination: DESTINATION, additionalTags: ["2", "3", "4"] };
  assert.deepEqual(requests, [request, request, request]);
  for (const destination of ["oci:/tmp/a,b:1", "oci:/tmp/a,b"]) {
    await cli.run("copy", SOURCE, destination);
    assert.deepEqual(requests.at(-1), { source: SOURCE, destination });
  }
  await cli.run("copy", SOURCE, "oci:/tmp/a,b:1,2");
  const folder = { source: SOURCE, destination: "oci:/tmp/a,b:1", additionalTags: ["2"] };
  assert.deepEqual(requests.at(-1), folder);
});

test("crossdock copy takes the platforms of its own run only", async () => {
  const { engine, requests } = recordingEngine();
  const cli = fakeCli({ engine });
  await cli.run("copy", "--platform", "linux/amd64", SOURCE, DESTINATION);
  await cli.run("copy", "--platform", "linux/arm64", SOURCE, DESTINATION);
  assert.deepEqual(requests.map(({ platforms }) => platforms), [["linux/amd64"], ["linux/arm64"]]);
});

test("crossdock verify passes its flags to the engine", async () => {
  const asked: unknown[] = [];
  const cli = fakeCli({
    engine: {
      verify(request): Promise<Verification> {
        asked.push(toCopyRequestInput(request));
        return Promise.resolve(verification);
      },
    },
  });
  const names = ["docker://localhost:5000/app", DESTINATION];
  await cli.run("verify", ...names);
  const elsewhere = { referrerSource: "a.io/signed", referrerDestination: "b.io/kept" };
  const flags = ["--referrer-source", "a.io/signed", "--referrer-destination", "b.io/kept"];
  const { exitCode, stderr } = await cli.run(
    "verify",
    ...["--platform", "linux/amd64", "--index", "unwrap", "--no-digest-tags", "--foreign-layers"],
    ...flags,
    ...names,
  );
  assert.equal(exitCode, 0, stderr);
  const [source, destination] = names;
  const options = { platforms: ["linux/amd64"], index: "unwrap", digestTags: false };
  assert.deepEqual(asked, [
    { source, destination },
    { source, destination, ...options, foreignLayers: true, ...elsewhere },
  ]);
});

testRejected([
  [
    ["copy", "--compress", "none", SOURCE, "oci:x"],
    /^error: --compress is only for a source docker-archive:FILE/,
  ],
  [
    ["copy", "--if-exists", "fail", SOURCE, "oci-archive:x.tar"],
    /^error: --if-exists fail is not for an archive, which is replaced as a whole/,
  ],
  [
    ["copy", "--platform", "windows/amd64,osver=10.0.17763", ...both],
    /^error: --platform: .*\nhint: write the version after a colon: windows\/amd64:10\.0\.17763\n$/,
  ],
  [["verify", "--platform=all", ...both], /^error: --platform: .*\nhint: leave out --platform/],
  [["plan", "--platform=linux/amd64,", ...both], /^error: parse platform ""/],
  [["copy", "--platform", "linux", ...both], /^error: parse platform "linux": expected os\/arch/],
  [
    ["copy", "--index", "drop", ...both],
    /^error: --index: expected rebuild, sparse, refuse or unwrap, got "drop"\n$/,
  ],
  [
    ["copy", "--referrer-source", "a.io/b:1", ...both],
    /^error: --referrer-source: .*it has a tag, expected a repository only\nhint: write a\.io\/b\n$/,
  ],
  [
    ["plan", "--referrer-destination", `a.io/b@sha256:${"0".repeat(64)}`, ...both],
    /^error: --referrer-destination: .*it has a digest, expected a repository only\nhint: /,
  ],
  [["verify", "--referrer-source", "", ...both], /^error: --referrer-source: parse reference ""/],
  [
    ["copy", "--no-referrers", "--referrer-source", "a.io/b", ...both],
    /^error: --referrer-source and --no-referrers cannot be combined\n$/,
  ],
  [
    ["verify", "--referrer-destination", "a.io/b", "--no-referrers", ...both],
    /^error: --referrer-destination and --no-referrers cannot be combined/,
  ],
  [["inspect", "--referrer-source", "a.io/b", SOURCE], /^error: unknown option/],
  [["copy", "--verify", "no", ...both], /^error: --verify: expected auto, stream or destination/],
  [
    ["copy", "--if-exists", "", ...both],
    /^error: --if-exists: expected overwrite, skip or fail, got ""/,
  ],
  [["copy", "--fast", "--recheck", ...both], /^error: --fast and --recheck cannot be combined/],
  [["copy", SOURCE, "a.io/b:1,,2"], /^error: .*its tag "" is malformed/],
  [["copy", SOURCE, "a.io/b:1,2/3"], /^error: parse reference/],
  [
    ["copy", "--additional-tag", "a.io/c:1", SOURCE, "a.io/b:1"],
    /^error: --additional-tag: expected a tag of a\.io\/b, got "a\.io\/c:1"\nhint: write only the tag/,
  ],
  [["copy", "--additional-tag", "2", SOURCE, "dir:/tmp/x"], /^error: dir:\/tmp\/x has no tags/],
  [
    ["copy", "--additional-tag", "2", SOURCE, "docker-archive:x.tar"],
    /^error: docker-archive:x\.tar has no tags\nhint: give the image a name: docker-archive:FILE:NAME:TAG/,
  ],
  [["verify", "--platform", "x", ...both], /^error: parse platform "x"/],
]);
