import { test } from "node:test";
import assert from "node:assert/strict";
import { parseSyncConfig } from "../../../src/config/sync_config.ts";
import type { SyncRule } from "../../../src/sync/rule.ts";
import { fakeCli } from "../fake_cli.ts";
import type { Run } from "../fake_cli.ts";

const files = {
  "skopeo.yaml": `
registry.example.com:
  images:
    library/busybox: ["1.0", "2.0"]
  credentials: { username: john, password: hunter2 }
`,
  "images.yaml": "quay.io/coreos/etcd:v3: registry.example.com/mirror/etcd\n",
  "auth.yaml": "registry.example.com: { username: john, password: hunter2 }\n",
  "partial.yaml": "quay.io/a: r.example.com/a\nquay.io/b:\n",
  "dregsy.yaml": `
tasks:
- name: t
  interval: 60
  source: { registry: quay.io }
  target: { registry: registry.example.com, auth: aHVudGVyMjpodW50ZXIy }
  mappings:
  - { from: coreos/etcd, to: mirror/etcd, tags: [v3] }
`,
};

/** Files whose conversion is not what they say. */
const INEXACT: Readonly<Record<string, readonly [program: string, text: string, said: RegExp]>> = {
  "a tag that is none": [
    "skopeo",
    "quay.io: {images: {a: [v1, 'x y']}}",
    /not converted: quay\.io\/a: "x y" is not a tag/,
  ],
  "an empty tag": ["image-syncer", "'quay.io/a:': r.example/a", /not converted: .*"" is not a tag/],
  "a digest that is too short": [
    "image-syncer",
    "quay.io/a@sha256:12: r.example/a",
    /not converted: config:\d+:\d+: sync\[0\]\.source: .*its digest is malformed/,
  ],
  "a target without a name": ["image-syncer", "quay.io/a: r.example/", /sync\[0\]\.target/],
  "a key beside images": [
    "image-syncer",
    "auths: {quay.io: {password: hunter2}}\nimages: {quay.io/a: r.example/a}",
    /not converted: auths: unknown key/,
  ],
  "a platform that is none": [
    "dregsy",
    "tasks: [{name: t, source: {registry: q.io}, target: {registry: r.io}, mappings: [{from: a, platform: foo}]}]",
    /not converted: config:.* sync\[0\]\.platform/,
  ],
};

for (const [what, [program, text, said]] of Object.entries(INEXACT)) {
  test(`import of ${program} ends with 2 for ${what}, and with 0 if it is lenient`, async () => {
    const cli = fakeCli({ files: { "in.yaml": text } });
    const to = program === "skopeo" ? ["--to", "m.example"] : [];
    const run = await cli.run("import", "--from", program, ...to, "in.yaml");
    assert.equal(run.exitCode, 2);
    assert.match(run.stderr, said);
    assert.doesNotMatch(run.stderr + run.stdout, /hunter2/);
    const lenient = await cli.run("import", "--from", program, ...to, "--lenient", "in.yaml");
    assert.equal(lenient.exitCode, 0);
  });
}

/** Credentials in the wrong form. */
const SECRETS: readonly (readonly [program: string, text: string, auth?: string])[] = [
  ["skopeo", "quay.io: {images: {a: [v1]}, credentials: 'u:hunter2'}"],
  ["skopeo", "quay.io: {images: {a: [v1]}, credentials: {username: u, password: *hunter2}}"],
  ["image-syncer", "auth: hunter2\nimages: {quay.io/a: r.example/a}"],
  ["image-syncer", "quay.io/a: r.example/a", "quay.io: 'u:hunter2'"],
  ["image-syncer", "quay.io/a: r.example/a", "quay.io: {username: u, insecure: hunter2}"],
  ["dregsy", "docker: hunter2\ntasks: []"],
];

for (const [program, text, auth] of SECRETS) {
  test(`import of ${program} shows no secret of ${auth ?? text}`, async () => {
    const cli = fakeCli({ files: { "in.yaml": text, "auth.yaml": auth ?? "" } });
    const to = program === "skopeo" ? ["--to", "m.example"] : [];
    const names = auth === undefined ? ["in.yaml"] : ["in.yaml", "auth.yaml"];
    const run = await cli.run("import", "--from", program, ...to, ...names);
    assert.equal(run.exitCode, 2);
    assert.doesNotMatch(run.stderr + run.stdout, /hunter2/);
  });
}

function importFrom(...args: string[]): Promise<Run> {
  return fakeCli({ files }).run("import", "--from", ...args);
}

/** The rules of the printed config. */
function rulesOf({ stdout }: Run): readonly SyncRule[] {
  const env = Object.fromEntries(
    [...stdout.matchAll(/env "([A-Z0-9_]+)"/g)].map(([, name = ""]) => [name, "x"]),
  );
  return parseSyncConfig(stdout, { from: "stdout", env, now: 0 }).config.rules;
}

const cases: [args: string[], source: string, target: string][] = [
  [
    ["skopeo", "--to", "r.example.com/mirror", "skopeo.yaml"],
    "registry.example.com/library/busybox",
    "r.example.com/mirror/busybox",
  ],
  [
    ["skopeo", "--scoped", "--to", "r.example.com/mirror", "skopeo.yaml"],
    "registry.example.com/library/busybox",
    "r.example.com/mirror/registry.example.com/library/busybox",
  ],
  [["dregsy", "dregsy.yaml"], "quay.io/coreos/etcd", "registry.example.com/mirror/etcd"],
  [
    ["image-syncer", "images.yaml", "auth.yaml"],
    "quay.io/coreos/etcd",
    "registry.example.com/mirror/etcd",
  ],
];
for (const [args, source, target] of cases) {
  test(`crossdock import --from ${args.join(" ")} prints a config, and notes on stderr`, async () => {
    const run = await importFrom(...args);
    assert.equal(run.exitCode, 0, run.stderr);
    const [rule] = rulesOf(run);
    assert.ok(rule?.source.startsWith(source), rule?.source);
    assert.ok(rule?.targets[0]?.startsWith(target), rule?.targets[0]);
    for (const line of run.stderr.trimEnd().split("\n")) assert.match(line, /^note: /);
    assert.doesNotMatch(run.stdout + run.stderr, /hunter2|aHVudGVy/);
  });
}

const refused: [args: string[], wanted: RegExp][] = [
  [["skopeo", "skopeo.yaml"], /^error: import --from skopeo: --to is missing\nhint: /],
  [["dregsy", "--to", "a.io/b", "dregsy.yaml"], /^error: --to requires --from skopeo/],
  [["dregsy", "--scoped", "dregsy.yaml"], /^error: --scoped requires --from skopeo/],
  [["dregsy", "dregsy.yaml", "auth.yaml"], /^error: .*expected one file, got two/],
  [["dregsy", "none.yaml"], /^error: none\.yaml: file not found/],
  [["dregsy", "images.yaml"], /^error: images\.yaml:1:1: /],
  [["docker", "images.yaml"], /^error: --from: expected skopeo, image-syncer or dregsy/],
];
for (const [args, wanted] of refused) {
  test(`crossdock import --from ${args.join(" ")} ends with 2`, async () => {
    const { exitCode, stdout, stderr } = await importFrom(...args);
    assert.deepEqual([exitCode, stdout], [2, ""]);
    assert.match(stderr, wanted);
  });
}

test("crossdock import ends with 2 if it leaves something out, and prints the rest", async () => {
  const run = await importFrom("image-syncer", "partial.yaml");
  assert.equal(run.exitCode, 2);
  assert.equal(
    run.stderr,
    "error: not converted: quay.io/b: it has no target, which image-syncer rejects as well\n" +
      "hint: add it to the config, or pass --lenient to exit with 0\n",
  );
  assert.deepEqual(rulesOf(run).map(({ source }) => source), ["quay.io/a"]);
});

test("crossdock import --lenient ends with 0 if it leaves something out", async () => {
  const run = await importFrom("image-syncer", "--lenient", "partial.yaml");
  assert.equal(run.exitCode, 0);
  assert.match(run.stderr, /^note: not converted: quay\.io\/b: it has no target[^\n]*\n$/);
});
