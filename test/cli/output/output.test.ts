import { test } from "node:test";
import assert from "node:assert/strict";

import type { Inspection, Plan, Verification } from "../../../src/copy/model.ts";
import { toCopyRequestInput } from "../../../src/copy/request.ts";

import type { LocalEngine } from "../../../src/engine.ts";
import type { AccessCheck } from "../../../src/registry/check_access.ts";
import { fakeCli } from "../fake_cli.ts";
import type { TextSink } from "../fake_cli.ts";
import {
  CONFIG,
  DESTINATION,
  digest,
  LAYER,
  MANIFEST,
  manifestStep,
  plan,
  report,
  SOURCE,
} from "../samples.ts";

const F = digest("f");

/** An engine that gives these at once. */
function engineOf(results: {
  copy?: typeof report;
  plan?: Plan;
  inspect?: Inspection;
  verify?: Verification;
  checkAccess?: AccessCheck;
}): Partial<LocalEngine> {
  return Object.fromEntries(
    Object.entries(results).map(([name, result]) => [name, () => Promise.resolve(result)]),
  );
}

test("crossdock copy prints its report", async () => {
  const cli = fakeCli({ engine: engineOf({ copy: report }) });
  assert.deepEqual(await cli.run("copy", SOURCE, DESTINATION), {
    exitCode: 0,
    stderr: "",
    stdout: `\
copied     localhost:5000/app:1@${F}
to         localhost:5001/copy/app:1@${F}
blobs      6 streamed (12.0 MiB), 1 mounted, 2 already present, 1 foreign layer not copied
manifests  4 put, of these 1 referrer or digest tag
requests   10 to the source, 17 to the destination
time       2.0 s (6.0 MiB/s)
`,
  });
});

test("crossdock copy prints the report of an unchanged image", async () => {
  const unchanged = {
    ...report,
    result: "unchanged" as const,
    blobs: { streamed: 0, mounted: 0, present: 0, foreign: 0 },
    bytesStreamed: 0,
    manifests: 0,
    referrers: 0,
    requests: { source: 1, destination: 1 },
    durationMs: 12,
  };
  const cli = fakeCli({ engine: engineOf({ copy: unchanged }) });
  const { stdout } = await cli.run("copy", SOURCE, DESTINATION);
  assert.equal(
    stdout,
    `\
unchanged  localhost:5000/app:1@${F}
to         localhost:5001/copy/app:1@${F}
blobs      0 streamed, 0 mounted, 0 already present
manifests  0 put
requests   1 to the source, 1 to the destination
time       12 ms
`,
  );
});

test("crossdock copy --json prints the report, and nothing else on stdout", async () => {
  const warned = { ...report, warnings: ["the index was rebuilt"] };
  const cli = fakeCli({ engine: engineOf({ copy: warned }) });
  const { stdout, stderr } = await cli.run("copy", "--json", SOURCE, DESTINATION);
  assert.deepEqual(JSON.parse(stdout), warned);
  assert.equal(stderr, "warning: the index was rebuilt\n");
});

test("crossdock copy --quiet prints nothing, warnings included", async () => {
  const engine: Partial<LocalEngine> = {
    copy(_, { emit } = {}): Promise<typeof report> {
      emit?.({ type: "warning", message: "told by an event" });
      return Promise.resolve({ ...report, warnings: ["told by the report"] });
    },
  };
  const run = await fakeCli({ engine }).run("copy", "--quiet", SOURCE, DESTINATION);
  assert.deepEqual(run, { exitCode: 0, stdout: "", stderr: "" });
});

const PLAN_TEXT = `\
from  localhost:5000/app:1@${F}
to    localhost:5001/copy/app:1@${F}
now   not found

blobs
  sha256:aaaaaaaaaaaa    3.0 MiB  stream
  sha256:bbbbbbbbbbbb      500 B  already present
  sha256:cccccccccccc    2.0 KiB  mount from library/base

manifests
  sha256:dddddddddddd    1.1 KiB  put (application/vnd.oci.image.manifest.v1+json)
  sha256:ffffffffffff    1.1 KiB  put (application/vnd.oci.image.manifest.v1+json)

referrers
  sha256:ffffffffffff             add 1 referrer to the referrers tag if the registry has no referrers API

tag
  sha256:ffffffffffff    1.1 KiB  put as 1 (application/vnd.oci.image.manifest.v1+json)

foreign
  sha256:999999999999   10.0 MiB  not copied

blobs      1 to stream (3.0 MiB), 1 to mount (2.0 KiB), 1 already present (500 B)
manifests  3 to put
requests   4 to the source, 9 to the destination
`;
for (const command of [["plan"], ["copy", "--dry-run"]]) {
  test(`crossdock ${command.join(" ")} shows the stages, the steps and the totals`, async () => {
    const cli = fakeCli({ engine: engineOf({ plan }) });
    const { exitCode, stdout, stderr } = await cli.run(...command, SOURCE, DESTINATION);
    assert.equal(stdout, PLAN_TEXT);
    assert.deepEqual([exitCode, stderr], [0, ""]);
  });

  test(`crossdock ${command.join(" ")} --json prints the plan`, async () => {
    const cli = fakeCli({ engine: engineOf({ plan }) });
    const { stdout } = await cli.run(...command, "--json", SOURCE, DESTINATION);
    assert.deepEqual(JSON.parse(stdout), plan);
  });
}

test("crossdock plan shows the current tag, rebuilt manifests, and each warning once", async () => {
  const engine: Partial<LocalEngine> = {
    plan(_, { emit } = {}): Promise<Plan> {
      emit?.({ type: "warning", message: "the index was rebuilt" });
      const steps = [manifestStep("f", { tag: "1", content: "{}" })];
      return Promise.resolve({
        ...plan,
        current: digest("0"),
        stages: [{ name: "tag", steps }],
        foreign: [],
        warnings: ["the index was rebuilt"],
      });
    },
  };
  const { stdout, stderr } = await fakeCli({ engine }).run("plan", SOURCE, DESTINATION);
  assert.match(stdout, new RegExp(`\nnow   ${digest("0")}\n`));
  assert.match(stdout, /put as 1 \(application\/vnd\.oci\.image\.manifest\.v1\+json, rebuilt\)/);
  assert.equal(stderr, "warning: the index was rebuilt\n");
});

const NO_TOTALS = {
  blobs: { stream: 0, mount: 0, present: 0 },
  bytes: { stream: 0, mount: 0, present: 0 },
  manifests: 0,
  requests: { source: 1, destination: 1 },
};
for (
  const [result, wanted] of [["unchanged", "already has this image"], [
    "skipped",
    "--if-exists skip keeps",
  ]] as const
) {
  test(`crossdock plan shows in one line that there is nothing to do: ${result}`, async () => {
    const nothing: Plan = {
      ...plan,
      current: F,
      result,
      stages: [],
      foreign: [],
      totals: NO_TOTALS,
    };
    const cli = fakeCli({ engine: engineOf({ plan: nothing }) });
    const { stdout } = await cli.run("plan", SOURCE, DESTINATION);
    assert.match(
      stdout,
      new RegExp(`\n\nnothing to do: .*${wanted}\nrequests   1 to the source, 1 to `),
    );
  });
}

const image = {
  descriptor: { mediaType: MANIFEST, digest: digest("1"), size: 1100 },
  kind: "image" as const,
  platform: "linux/amd64",
  config: {
    descriptor: { mediaType: CONFIG, digest: digest("2"), size: 321 },
    content: {
      created: "2024-05-06T07:08:09Z",
      config: { User: "app", Entrypoint: ["/bin/app"], Cmd: null, WorkingDir: 7 },
    },
  },
  layers: [{ mediaType: LAYER, digest: digest("3"), size: 2 * 1024 * 1024 }],
  manifests: [],
  referrers: [{
    mediaType: MANIFEST,
    digest: digest("4"),
    size: 700,
    artifactType: "application/spdx+json",
  }],
  digestTags: [],
};
const inspection: Inspection = {
  reference: `${SOURCE}@${F}`,
  root: {
    descriptor: { mediaType: "application/vnd.oci.image.index.v1+json", digest: F, size: 900 },
    kind: "index",
    layers: [],
    manifests: [image, {
      descriptor: { mediaType: MANIFEST, digest: digest("5"), size: 800 },
      kind: "artifact",
      artifactType: "text/x",
      layers: [],
      manifests: [],
      referrers: [],
      digestTags: [],
    }],
    referrers: [],
    digestTags: [{ tag: `sha256-${"f".repeat(64)}.sig`, digest: digest("6") }],
  },
  totalBytes: 2 * 1024 * 1024 + 321,
};

test("crossdock inspect draws the tree", async () => {
  const cli = fakeCli({ engine: engineOf({ inspect: inspection }) });
  assert.deepEqual(await cli.run("inspect", SOURCE), {
    exitCode: 0,
    stderr: "",
    stdout: `\
localhost:5000/app:1@${F}
index  ${F}  application/vnd.oci.image.index.v1+json
├─ image linux/amd64  ${digest("1")}  application/vnd.oci.image.manifest.v1+json
│  ├─ config    sha256:222222222222      321 B  application/vnd.oci.image.config.v1+json
│  │  ├─ created: 2024-05-06T07:08:09Z
│  │  ├─ user: app
│  │  └─ entrypoint: ["/bin/app"]
│  ├─ layer     sha256:333333333333    2.0 MiB  application/vnd.oci.image.layer.v1.tar+gzip
│  └─ referrer  sha256:444444444444      700 B  application/spdx+json
├─ artifact text/x  ${digest("5")}  application/vnd.oci.image.manifest.v1+json
└─ tag       sha256:666666666666  sha256-${"f".repeat(64)}.sig
total  2.0 MiB in blobs
`,
  });
});

test("crossdock inspect --json prints all of it", async () => {
  const cli = fakeCli({ engine: engineOf({ inspect: inspection }) });
  assert.deepEqual(JSON.parse((await cli.run("inspect", "--json", SOURCE)).stdout), inspection);
});

test("crossdock tags prints a page as soon as it comes", async () => {
  const cli = fakeCli({
    engine: {
      tags: async function* (): AsyncGenerator<string[]> {
        yield await Promise.resolve(["1", "2"]);
        assert.equal((cli.environment.stdout as unknown as TextSink).text, "1\n2\n");
        yield [];
        yield ["latest"];
      },
    },
  });
  const { exitCode, stdout, stderr } = await cli.run("tags", "localhost:5000/app");
  assert.deepEqual([exitCode, stdout, stderr], [0, "1\n2\nlatest\n", ""]);
  assert.deepEqual(
    JSON.parse(
      (await fakeCli({
        engine: {
          tags: async function* (): AsyncGenerator<string[]> {
            yield await Promise.resolve(["1"]);
            yield ["2"];
          },
        },
      }).run("tags", "--json", "localhost:5000/app")).stdout,
    ),
    ["1", "2"],
  );
});

const equal: Verification = {
  source: `${SOURCE}@${F}`,
  destination: `${DESTINATION}@${F}`,
  equal: true,
  state: "equal",
  differences: [],
  checked: { manifests: 3, blobs: 9, referrers: 1 },
};
const different: Verification = {
  ...equal,
  equal: false,
  state: "different",
  differences: [
    { kind: "tag", what: "1", state: "different", wanted: F, found: digest("0") },
    { kind: "blob", what: digest("3"), state: "missing" },
    { kind: "digest-tag", what: "sha256-ff.sig", state: "missing" },
  ],
};

test("crossdock verify names the kinds of referrers that are missing", async () => {
  const verify: Verification = {
    ...equal,
    equal: false,
    state: "incomplete",
    referrerState: {
      kinds: [
        { kind: "signature", expected: 2, missing: 1, unavailable: 0 },
        { kind: "sbom", expected: 1, missing: 1, unavailable: 0 },
        { kind: "provenance", expected: 1, missing: 0, unavailable: 0 },
      ],
    },
    differences: [
      { kind: "referrer", what: digest("3"), referrerKind: "sbom", state: "missing" },
      { kind: "digest-tag", what: "sha256-ff.sig", referrerKind: "signature", state: "missing" },
    ],
  };
  const cli = fakeCli({ engine: engineOf({ verify }) });
  assert.deepEqual(await cli.run("verify", SOURCE, DESTINATION), {
    exitCode: 12,
    stderr: "",
    stdout: `\
missing    referrer ${digest("3")} (SBOM)
missing    digest tag sha256-ff.sig (signature)
incomplete: the destination has the image, but lacks 1 of 2 signatures, 1 of 1 SBOM: localhost:5000/app:1@${F} and localhost:5001/copy/app:1@${F} (3 manifests, 9 blobs, 1 referrer compared)
referrers: 2 signatures, 1 SBOM, 1 provenance attestation
`,
  });
});

test("crossdock verify reports an equal copy", async () => {
  const cli = fakeCli({ engine: engineOf({ verify: equal }) });
  assert.deepEqual(await cli.run("verify", SOURCE, DESTINATION), {
    exitCode: 0,
    stderr: "",
    stdout:
      `equal: localhost:5000/app:1@${F} and localhost:5001/copy/app:1@${F} (3 manifests, 9 blobs, 1 referrer compared)\n`,
  });
});

test("crossdock verify lists differences and ends with 12", async () => {
  const cli = fakeCli({ engine: engineOf({ verify: different }) });
  assert.deepEqual(await cli.run("verify", SOURCE, DESTINATION), {
    exitCode: 12,
    stderr: "",
    stdout: `\
different  tag 1: ${F} at the source, ${digest("0")} at the destination
missing    blob ${digest("3")}
missing    digest tag sha256-ff.sig
3 differences: localhost:5000/app:1@${F} and localhost:5001/copy/app:1@${F} (3 manifests, 9 blobs, 1 referrer compared)
`,
  });
  const { exitCode, stdout } = await cli.run("verify", "--json", SOURCE, DESTINATION);
  assert.deepEqual([exitCode, JSON.parse(stdout)], [12, different]);
});

test("crossdock verify explains the other digests of a docker archive", async () => {
  const destination = "docker-archive:app.tar:app:1";
  const cli = fakeCli({ engine: engineOf({ verify: { ...different, destination } }) });
  const { stdout } = await cli.run("verify", SOURCE, destination);
  assert.match(stdout, /\nA docker archive may have no manifest.*\nThe config keeps its digest: /);
});

test("crossdock verify leaves flags that are not set to the engine", async () => {
  const asked: unknown[] = [];
  const engine: Partial<LocalEngine> = {
    verify(request): Promise<Verification> {
      asked.push(toCopyRequestInput(request));
      return Promise.resolve(equal);
    },
  };
  const flags = ["--no-referrers", "--no-digest-tags", "--platform", "linux/amd64"];
  await fakeCli({ engine }).run("verify", SOURCE, "localhost:5001/copy/app");
  await fakeCli({ engine }).run("verify", ...flags, SOURCE, DESTINATION);
  assert.deepEqual(asked, [
    { source: SOURCE, destination: "localhost:5001/copy/app" },
    {
      source: SOURCE,
      destination: DESTINATION,
      referrers: false,
      digestTags: false,
      platforms: ["linux/amd64"],
    },
  ]);
});

const sources = ["~/.docker/config.json: 2 hosts, none is a.io"];
const checks: [AccessCheck, number, string][] = [
  [
    { registry: "a.io", repository: "b", from: "--creds", sources: [], result: "accepted" },
    0,
    "a.io/b: the registry accepts the credential\ncredential  --creds\n",
  ],
  [
    { registry: "a.io", from: "--creds", sources: [], result: "refused" },
    3,
    "a.io: the registry rejects the credential\ncredential  --creds\n",
  ],
  [
    { registry: "a.io", sources, result: "anonymous" },
    0,
    `a.io: no credential found, and the registry allows anonymous access\nsearched    ${
      sources[0]
    }\n`,
  ],
  [
    { registry: "a.io", sources, result: "none" },
    3,
    `a.io: no credential found, and the registry requires one\nsearched    ${sources[0]}\n`,
  ],
];
for (const [check, exitCode, stdout] of checks) {
  test(`crossdock auth reports ${check.result} and exits with ${exitCode}`, async () => {
    const cli = fakeCli({ engine: engineOf({ checkAccess: check }) });
    const stderr = exitCode === 0
      ? ""
      : check.from?.startsWith("--")
      ? "hint: pass another credential\n"
      : "hint: run docker login a.io, or pass one with --creds-env\n";
    assert.deepEqual(await cli.run("auth", "a.io"), { exitCode, stdout, stderr });
    const json = await cli.run("auth", "--json", "a.io");
    assert.deepEqual([json.exitCode, JSON.parse(json.stdout)], [exitCode, check]);
  });
}

test("crossdock auth takes a registry, or a repository, in any of their spellings", async () => {
  const asked: string[] = [];
  const engine: Partial<LocalEngine> = {
    checkAccess(name): Promise<AccessCheck> {
      asked.push(name);
      return Promise.resolve({ registry: name, sources: [], result: "anonymous" });
    },
  };
  const names = [
    "a.io",
    "A.io/",
    "docker://a.io/b/c",
    "localhost:5000",
    "localhost",
    "index.docker.io",
    "[::1]:5000",
  ];
  for (const name of names) {
    const { exitCode, stderr } = await fakeCli({ engine }).run("auth", name);
    assert.equal(exitCode, 0, stderr);
  }
  assert.deepEqual(asked, [
    "a.io",
    "a.io",
    "a.io/b/c",
    "localhost:5000",
    "localhost",
    "docker.io",
    "[::1]:5000",
  ]);
});
