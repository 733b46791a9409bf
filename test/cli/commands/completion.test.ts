import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import { fakeCli } from "../fake_cli.ts";
import { flagsOf } from "../load_command.ts";
import { complete, isInstalled } from "../completion/run_shell.ts";

const cases: [words: string[], wanted: string[]][] = [
  [["cop"], ["copy"]],
  [["i"], ["import", "init", "inspect"]],
  [["copy", "--src-t"], ["--src-tls"]],
  [["copy", "--index", ""], ["rebuild", "sparse", "refuse", "unwrap"]],
  [["copy", "--platform", "linux/arm64", "a", "--if-e"], ["--if-exists"]],
  [["inspect", "--tls", "o"], ["on", "off"]],
  [["completion", "z"], ["zsh"]],
  [["help", "verif"], ["verify", "verify-signature"]],
  [["--vers"], ["--version"]],
  [["import", "--from", "sk"], ["skopeo"]],
];

for (const shell of ["bash", "fish", "zsh"] as const) {
  for (const [words, wanted] of cases) {
    const line = words.join(" ");
    test(`${shell} completes crossdock ${line}`, { skip: !isInstalled(shell) }, async () => {
      assert.deepEqual((await complete(shell, "crossdock", ...words)).sort(), [...wanted].sort());
    });
  }

  test(`${shell} completes each command and each flag`, { skip: !isInstalled(shell) }, async () => {
    const names = await complete(shell, "crossdock", "");
    for (const { name } of COMMANDS) {
      assert.ok(names.includes(name), name);
      // zsh starts slowly.
      if (shell === "zsh" && name !== "copy") continue;
      const flags = [...await flagsOf(name)].filter((flag) => flag !== "--debug");
      assert.deepEqual((await complete(shell, "crossdock", name, "--")).sort(), flags.sort(), name);
    }
  });
}

test("bash completes files where a file is expected, and nothing where a number is", {
  skip: !isInstalled("bash"),
}, async () => {
  assert.deepEqual(await complete("bash", "crossdock", "copy", "--src-ca", ""), []);
  assert.deepEqual(await complete("bash", "crossdock", "copy", "oci:"), []);
  assert.deepEqual(await complete("bash", "crossdock", "copy", "--retries", ""), [
    "compopt +o default",
  ]);
  assert.deepEqual(await complete("bash", "crossdock", "status", ""), ["compopt +o default"]);
  assert.deepEqual(await complete("bash", "crossdock", "copy", "--index", "=", "r"), [
    "rebuild",
    "refuse",
  ]);
});

test("crossdock completion names the shells that it knows", async () => {
  const { exitCode, stderr } = await fakeCli().run("completion", "tcsh");
  assert.equal(exitCode, 2);
  assert.match(stderr, /bash, zsh, fish/);
});
