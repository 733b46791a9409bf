import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const CHANGELOG = `# Changelog

## [Unreleased]

### Added

- The first release.

[Unreleased]: https://example.com/crossdock/commits/main
`;

const folder = mkdtempSync(join(tmpdir(), "crossdock-release-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const clone = join(folder, "crossdock");

function git(...args: string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
  return execFileSync("git", ["-C", clone, ...identity, ...args], { encoding: "utf8" });
}

function read(path: string): string {
  return readFileSync(join(clone, path), "utf8");
}

function release(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ["task", "--quiet", "release", ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { cwd: clone }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

execFileSync("git", ["clone", "--quiet", ROOT, clone]);
writeFileSync(join(clone, "CHANGELOG.md"), CHANGELOG);
writeFileSync(join(clone, "docs/named.md"), "npm install crossdock@0.0.9 crossdock-0.0.9.tgz\n");
git("add", "--all");
git("commit", "--quiet", "--message", "test: begin");

test("deno task release --dry-run lists the files and writes nothing", async () => {
  const { code, stdout } = await release("9.8.7", "--date", "2030-01-02", "--dry-run");
  assert.equal(code, 0);
  assert.match(stdout, /^package\.json: version 9\.8\.7$/m);
  assert.match(stdout, /^dry run: nothing was written$/m);
  assert.equal(git("status", "--porcelain"), "");
});

test("deno task release rejects what is no later version, before it writes", async () => {
  for (
    const [version, message] of [
      ["latest", 'release: "latest": expected a version such as 0.3.0\n'],
      ["v9.8.7", 'release: "v9.8.7": expected a version such as 0.3.0\n'],
      ["0.0.1", /^release: 0\.0\.1 is older than /],
    ] as const
  ) {
    const { code, stderr } = await release(version);
    assert.equal(code, 2);
    if (typeof message === "string") assert.equal(stderr, message);
    else assert.match(stderr, message);
  }
  assert.equal(git("status", "--porcelain"), "");
});

test("deno task release rejects changes that are not committed", async () => {
  writeFileSync(join(clone, "new.txt"), "");
  const { code, stderr } = await release("9.8.7");
  rmSync(join(clone, "new.txt"));
  assert.equal(code, 2);
  assert.equal(stderr, "release: commit or stash these changes first:\n?? new.txt\n");
});

test("deno task release sets the version everywhere, and the second time needs changes", async () => {
  const { code, stdout, stderr } = await release("9.8.7", "--date", "2030-01-02");
  assert.equal(stderr, "");
  assert.equal(code, 0);
  assert.match(stdout, /git tag --annotate v9\.8\.7/);
  assert.equal(JSON.parse(read("package.json")).version, "9.8.7");
  assert.equal(JSON.parse(read("deno.json")).version, "9.8.7");
  assert.equal(JSON.parse(read("src/server/api/openapi.json")).info.version, "9.8.7");
  assert.match(read("src/version.ts"), /PACKAGE_VERSION = "9\.8\.7"/);
  assert.equal(read("docs/named.md"), "npm install crossdock@9.8.7 crossdock-9.8.7.tgz\n");
  assert.match(read("CHANGELOG.md"), /^## \[9\.8\.7\] - 2030-01-02\n\n### Added\n\n- The first/m);
  git("commit", "--quiet", "--all", "--message", "chore: release 9.8.7");
  const again = await release("9.9.0");
  assert.equal(
    again.stderr,
    "release: CHANGELOG.md: Unreleased is empty, so there is no release\n",
  );
});
