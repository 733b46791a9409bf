/** `crossdock sync`: wrong flags and files, and what a file reads from elsewhere. */
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fakeCli } from "../../fake_cli.ts";
import { BOTH, FILE, files, runnerOf, sync } from "../../sync_samples.ts";

const refused: [flags: string[], wanted: RegExp][] = [
  [["--rule", "appss"], /^error: there is no rule "appss"\nhint: did you mean apps\n$/],
  [["-c", "none.yaml"], /^error: none\.yaml: file not found\nhint: /],
  [
    ["-c", "broken.yaml"],
    /^error: broken\.yaml:2:3: .*target: is missing\nerror: broken\.yaml:3:3: .*tragets.*\nerror: broken\.yaml:4:9: .*type/,
  ],
  [["-c", "empty.yaml"], /^error: empty\.yaml: no rules found/],
  [["--status", "--watch"], /^error: --status and --watch cannot be combined/],
  [["--status", "--state", "x"], /^error: --status and --state cannot be combined/],
  [
    ["--via", "http://localhost:1", "--state", "x"],
    /^error: --state cannot be combined with --via: .*\nhint: set CROSSDOCK_STATE on the server\n$/,
  ],
  [["--status", "--changes"], /^error: --status and --changes cannot be combined/],
  [["--dry-run", "--watch"], /^error: --watch and --dry-run cannot be combined/],
  [["--detach"], /^error: --detach requires --via\n/],
  [["--via-token-env", "A"], /^error: --via-token-env requires --via\n/],
  [
    ["--via", "https://a.example", "-c", "a.yaml"],
    /^error: --config cannot be combined with --via/,
  ],
  [
    ["--via", "https://a.example", "--retries", "1"],
    /^error: --retries cannot be combined with --via/,
  ],
  [["--progress", "bar"], /^error: --progress: expected plain, json or none/],
];
for (const [flags, wanted] of refused) {
  test(`crossdock sync ${flags.join(" ")} ends with 2 and runs nothing`, async () => {
    const broken = "sync:\n- source: a.io/b:1\n  tragets: [x]\n  type: what\n";
    const run = await sync(
      { files: { ...files, "broken.yaml": broken, "empty.yaml": "version: 1\n" } },
      ...flags,
    );
    assert.equal(run.exitCode, 2);
    assert.equal(run.stdout === "", !flags.includes("--json"));
    assert.match(run.stderr, wanted);
  });
}

test("crossdock sync reads the file from stdin for -", async () => {
  const cli = fakeCli({ descriptors: { 0: FILE }, runner: runnerOf(BOTH) });
  assert.equal((await cli.run("sync", "-c", "-", "--rule", "base")).exitCode, 0);
  const wrong = await fakeCli({ descriptors: { 0: "a: [" } }).run("sync", "-c", "-");
  assert.match(wrong.stderr, /^error: stdin:1:/);
});

test("crossdock sync uses the file's credentials first, then those of the machine unless skipDockerConfig is set", async () => {
  const creds = "creds:\n- { registry: localhost:5000, user: me, pass: one, tls: insecure }\n";
  const home = {
    "/home/me/.docker/config.json": '{"auths":{"localhost:5001":{"auth":"bWU6dHdv"}}}',
  };
  for (const skip of [false, true]) {
    const defaults = `defaults: { interval: 1h, skipDockerConfig: ${skip} }`;
    const text = creds + FILE.replace(/^defaults.*$/m, defaults);
    const cli = fakeCli({ files: { ...home, "crossdock.yaml": text }, runner: runnerOf(BOTH) });
    assert.equal((await cli.run("sync")).exitCode, 0);
    const { source, destination, pace } = cli.engines[0] ?? {};
    assert.equal(source, destination);
    assert.ok(pace);
    const find = async (registry: string): Promise<unknown> =>
      (await source?.credentials?.lookup(registry, "app"))?.credential;
    assert.deepEqual(await find("localhost:5000"), {
      kind: "basic",
      username: "me",
      password: "one",
    });
    const found = skip ? undefined : { kind: "basic", username: "me", password: "two" };
    assert.deepEqual(await find("localhost:5001"), found);
    assert.ok(typeof source?.tls === "function");
    assert.deepEqual(
      [source.tls("localhost:5000"), source.tls("localhost:5001")],
      ["unverified", undefined],
    );
  }
});

test("crossdock sync runs the credential helper that the file names", async () => {
  const folder = await mkdtemp(join(tmpdir(), "crossdock-helper-"));
  try {
    const program = join(folder, "docker-credential-x");
    await writeFile(
      program,
      '#!/bin/sh\nread server\necho "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"s3cret\\"}"\n',
    );
    await chmod(program, 0o755);
    const creds = "creds:\n- { registry: localhost:5000, credHelper: docker-credential-x }\n";
    const cli = fakeCli({
      files: { "crossdock.yaml": creds + FILE },
      env: { PATH: `${folder}:/usr/bin:/bin` },
      runner: runnerOf(BOTH),
    });
    const { exitCode, stderr } = await cli.run("sync");
    assert.equal(exitCode, 0, stderr);
    const found = await cli.engines[0]?.source?.credentials?.lookup("localhost:5000", "app");
    assert.deepEqual(found?.credential, {
      kind: "basic",
      username: "localhost:5000",
      password: "s3cret",
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("crossdock sync fills templates in from variables and files", async () => {
  const text = `
creds:
- { registry: localhost:5000, user: '{{ env "ME" }}', pass: '{{ file "/run/secret" }}' }
sync:
- { name: base, source: localhost:5000/base, target: localhost:5001/base, type: repository }
`;
  const cli = fakeCli({
    files: { "crossdock.yaml": text, "/run/secret": "s3cret\n" },
    env: { ME: "me" },
    runner: runnerOf(BOTH),
  });
  const { exitCode, stderr } = await cli.run("sync");
  assert.deepEqual([exitCode, stderr], [0, ""]);
  const found = await cli.engines[0]?.source?.credentials?.lookup("localhost:5000", "base");
  assert.deepEqual(found?.credential, { kind: "basic", username: "me", password: "s3cret" });
  const without = await fakeCli({ files: { "crossdock.yaml": text } }).run("sync");
  assert.equal(without.exitCode, 2);
  assert.match(without.stderr, /^error: crossdock\.yaml:3:.*ME is not set\nerror: .*\/run\/secret/);
});
