import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeCli } from "../fake_cli.ts";

const FILE = `
sync:
- { name: app, source: ghcr.io/acme/app, target: b.io/app, type: repository, interval: 1h30m }
- name: two
  source: alpine:3
  targets: [b.io/alpine:3, c.io/alpine:3]
  type: image
  schedule: "CRON_TZ=Europe/Paris 15 3 * * *"
- { source: busybox, target: b.io/busybox, type: repository, platforms: [linux/amd64] }
`;

test("crossdock check lists the rules of the file, and warns as sync does", async () => {
  const cli = fakeCli({ files: { "crossdock.yaml": FILE } });
  const { exitCode, stdout, stderr } = await cli.run("check");
  assert.equal(exitCode, 0, stderr);
  assert.deepEqual(stdout.split("\n"), [
    "app: repository ghcr.io/acme/app -> b.io/app, every 1 h 30 min",
    "two: image docker.io/library/alpine:3 -> b.io/alpine:3, c.io/alpine:3, at 15 3 * * * in Europe/Paris",
    "docker.io/library/busybox: repository docker.io/library/busybox -> b.io/busybox",
    "",
    "3 rules, 1 warning; no registry was asked, which crossdock sync --dry-run does",
    "",
  ]);
  assert.match(stderr, /^warning: crossdock\.yaml:9:.*index still lists all platforms/);
});

test("crossdock check --json has the rules with their next times, and the warnings", async () => {
  const cli = fakeCli({ files: { "m.yaml": FILE } });
  const { exitCode, stdout, stderr } = await cli.run("check", "m.yaml", "--json");
  assert.deepEqual([exitCode, stderr], [0, ""]);
  const { rules, warnings } = JSON.parse(stdout);
  assert.deepEqual(rules.map(({ rule }: { rule: string }) => rule), [
    "app",
    "two",
    "docker.io/library/busybox",
  ]);
  assert.equal(rules[0].next % 5_400_000, 0);
  assert.equal(rules[2].next, undefined);
  assert.equal(warnings.length, 1);
});

test("crossdock check shows every mistake, and exits with 2", async () => {
  const file =
    "sync:\n- { sorce: a, target: b.io/a, type: image }\n- { source: a, target: b, type: imag }\n";
  const cli = fakeCli({ files: { "crossdock.yaml": file } });
  const { exitCode, stdout, stderr } = await cli.run("check", "--quiet");
  assert.deepEqual([exitCode, stdout], [2, ""]);
  assert.match(stderr, /:2:.*sorce: there is no such key; did you mean source/);
  assert.match(stderr, /:3:.*type: expected image, repository or registry/);
});

test("crossdock check names a file that is not there, and rejects two", async () => {
  const cli = fakeCli({ files: { "crossdock.yaml": FILE } });
  const missing = await cli.run("check", "-c", "other.yaml");
  assert.equal(missing.exitCode, 2);
  assert.match(missing.stderr, /other\.yaml: file not found/);
  const both = await cli.run("check", "a.yaml", "--config", "b.yaml");
  assert.equal(both.exitCode, 2);
  assert.match(both.stderr, /two files are named: a\.yaml and b\.yaml/);
});
