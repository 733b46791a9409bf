import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CrossdockError } from "../../../src/errors.ts";
import { fakeCli } from "../fake_cli.ts";
import { DESTINATION, report, SOURCE } from "../samples.ts";

const folder = mkdtempSync(join(tmpdir(), "crossdock-digest-"));
const engine = { copy: () => Promise.resolve(report) };
const both = [SOURCE, DESTINATION];

test("crossdock copy --digestfile writes the digest without a line break", async () => {
  const path = join(folder, "digest");
  writeFileSync(path, "an older digest, which is longer than the new one".repeat(4));
  const { exitCode, stderr } = await fakeCli({ engine }).run("copy", "--digestfile", path, ...both);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.equal(readFileSync(path, "utf8"), report.digest);
});

test("crossdock copy --digestfile writes nothing if the copy fails", async () => {
  const path = join(folder, "failed");
  const failing = { copy: () => Promise.reject(new CrossdockError("registry", "no")) };
  await fakeCli({ engine: failing }).run("copy", `--digestfile=${path}`, ...both);
  assert.equal(existsSync(path), false);
});

test("crossdock copy --digestfile keeps a file if the copy fails", async () => {
  const path = join(folder, "kept");
  writeFileSync(path, "older");
  const failing = { copy: () => Promise.reject(new CrossdockError("registry", "no")) };
  await fakeCli({ engine: failing }).run("copy", `--digestfile=${path}`, ...both);
  assert.equal(readFileSync(path, "utf8"), "older");
});

const wrong: [flags: string[], stderr: RegExp][] = [
  [
    ["--digestfile", "deno.json/digest"],
    /^error: --digestfile .*: the folder deno\.json does not /,
  ],
  [
    ["--digestfile", join(folder, "none", "digest")],
    /^error: --digestfile .*: the folder .*none does not exist\nhint: /,
  ],
  [["--digestfile", folder], /^error: --digestfile .*: it is a folder\nhint: /],
  [
    ["--digestfile", "x", "--dry-run"],
    /^error: --digestfile and --dry-run cannot be combined\nhint: use --json/,
  ],
  [
    ["--digestfile", "x", "--detach", "--via", "https://a.io"],
    /^error: --digestfile and --detach cannot /,
  ],
  [
    ["--digestfile", "x", "--no-clobber"],
    /^error: --digestfile and --if-exists skip cannot be combined/m,
  ],
];
for (const [flags, stderr] of wrong) {
  test(`crossdock copy ${flags.join(" ")} is rejected before the copy`, async () => {
    const copy = (): never => assert.fail("it copied");
    const run = await fakeCli({ engine: { copy } }).run("copy", ...flags, ...both);
    assert.match(run.stderr, stderr);
    assert.deepEqual([run.exitCode, run.stdout], [2, ""]);
  });
}
