import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeCli } from "./fake_cli.ts";

test("crossdock without a command shows its help and fails", async () => {
  const { exitCode, stdout, stderr } = await fakeCli().run();
  assert.match(stderr, /Usage: crossdock .*copy/s);
  assert.equal(stdout, "");
  assert.equal(exitCode, 2);
});

for (const argv of [["--help"], ["help"], ["help", "copy"], ["copy", "--help"]]) {
  test(`crossdock ${argv.join(" ")} prints help to stdout`, async () => {
    const { exitCode, stdout, stderr } = await fakeCli().run(...argv);
    assert.match(stdout, /^Usage: crossdock/);
    assert.equal(stderr, "");
    assert.equal(exitCode, 0);
  });
}

test("crossdock --help lists the exit codes", async () => {
  const { stdout } = await fakeCli().run("--help");
  assert.match(
    stdout,
    /Exit codes:\n {4}0 {2}success\n(?:.*\n)* +12 {2}verify .*\n.*\n +13 {2}sync: some .*\n +14 {2}sync: all /,
  );
});

test("crossdock --version prints the version of the package", async () => {
  const { exitCode, stdout } = await fakeCli().run("--version");
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  assert.equal(exitCode, 0);
});
