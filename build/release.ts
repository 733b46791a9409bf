/**
 * Prepares a release: `deno task release X.Y.Z`. Sets the version in each file that has it, gives the Unreleased section of
 * CHANGELOG.md the version and the date, and generates the documents again. Commits and publishes nothing.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { releaseChangelog } from "./changelog.ts";
import { setVersion } from "./version_files.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

const USAGE = "usage: deno task release X.Y.Z [--date YYYY-MM-DD] [--dry-run]";

/** A version without build metadata, which tags of images cannot have. */
const VERSION = /^(?<core>\d+\.\d+\.\d+)(?:-[0-9A-Za-z.-]+)?$/;

/** The task that writes the version into the OpenAPI document. */
const GENERATOR = "schema";

/** @throws Error if the release cannot be prepared; nothing was written */
function prepare(version: string, date: string): Map<string, string> {
  const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
  const { version: current } = JSON.parse(read("package.json"));
  if (!VERSION.test(version)) throw new Error(`"${version}": expected a version such as 0.3.0`);
  if (compareVersions(version, current) < 0) {
    throw new Error(`${version} is older than ${current}, the version of package.json`);
  }
  const tags = git("tag", "--list", `v${version}`);
  if (tags !== "") throw new Error(`the tag v${version} exists already`);
  const changes = git("status", "--porcelain");
  if (changes !== "") throw new Error(`commit or stash these changes first:\n${changes}`);
  const changelog = releaseChangelog(read("CHANGELOG.md"), { version, date });
  return new Map([...setVersion(ROOT, version), ["CHANGELOG.md", changelog]]);
}

/** Numbers first, and a pre-release before its release: https://semver.org/#spec-item-11, without the order of pre-releases. */
function compareVersions(left: string, right: string): number {
  const [a, b] = [left, right].map((version) => VERSION.exec(version)?.groups?.["core"] ?? "");
  return (a ?? "").localeCompare(b ?? "", "en", { numeric: true }) ||
    Number(!left.includes("-")) - Number(!right.includes("-"));
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
}

function run(): void {
  const { values, positionals: [version = "", ...rest] } = parseArgs({
    allowPositionals: true,
    options: {
      date: { type: "string", default: new Date().toISOString().slice(0, 10) },
      "dry-run": { type: "boolean", default: false },
    },
  });
  if (version === "" || rest.length > 0) throw new Error(USAGE);
  const files = prepare(version, values.date);
  for (const [path, text] of files) {
    process.stdout.write(`${path}: version ${version}\n`);
    if (!values["dry-run"]) writeFileSync(join(ROOT, path), text);
  }
  process.stdout.write(`generated again: deno task ${GENERATOR}\n`);
  if (values["dry-run"]) {
    process.stdout.write("dry run: nothing was written\n");
    return;
  }
  execFileSync(process.execPath, ["task", "--quiet", GENERATOR], { cwd: ROOT, stdio: "inherit" });
  const { repository } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const owner = repository.url.includes("/OWNER/")
    ? "\n  git grep -l OWNER/crossdock                     put the owner of the repository in place of OWNER"
    : "";
  process.stdout.write(`
Next:${owner}
  git diff                                        read the notes in CHANGELOG.md
  .ci/run                                         everything passes
  git commit --all --message 'chore: release ${version}'
  git tag --annotate v${version} --message v${version}
  git push --follow-tags                          the tag starts .github/workflows/release.yml
`);
}

try {
  run();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`release: ${error.message}\n`);
  process.exitCode = 2;
}
