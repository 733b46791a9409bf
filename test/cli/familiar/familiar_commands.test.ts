import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import { FAMILIAR_COMMANDS } from "../../../src/cli/familiar/familiar_commands.ts";
import pkg from "../../../package.json" with { type: "json" };
import { OPERANDS, runRecorded } from "./setup.ts";

const NAMES = COMMANDS.map(({ name }) => name);

for (const [words, meaning] of Object.entries(FAMILIAR_COMMANDS)) {
  if ("rejected" in meaning) {
    test(`crossdock ${words} names what to use instead`, async () => {
      for (
        const argv of [words.split(" "), [...words.split(" "), "--x", "a.io/b"], [
          "help",
          ...words.split(" "),
        ]]
      ) {
        const { exitCode, stdout, stderr, isStarted } = await runRecorded(argv);
        assert.equal(stderr, `error: unknown command '${words}'\nhint: ${meaning.rejected}\n`);
        assert.deepEqual([exitCode, stdout, isStarted], [2, "", false]);
      }
    });
    continue;
  }
  const own = meaning.becomes.split(" ");
  const [name = ""] = own;
  // Commands and options that are not there have an error of their own.
  if (!NAMES.includes(name)) continue;
  test(`crossdock ${words} is crossdock ${meaning.becomes}`, async () => {
    const operands = OPERANDS[name] ?? [];
    const familiar = await runRecorded([...words.split(" "), ...operands]);
    const wanted = await runRecorded([...own, ...operands]);
    assert.deepEqual(familiar, wanted);
    const help = await runRecorded(["help", ...words.split(" ")]);
    assert.match(help.stdout, new RegExp(`Usage: crossdock ${name} `));
  });
}

/** The commands of the other tools. */
const PEER_COMMANDS =
  "copy delete inspect list-tags login logout manifest-digest standalone-sign standalone-verify sync " +
  "append auth,login blob catalog config cp digest export flatten index layer ls manifest mutate pull push rebase " +
  "registry,serve tag validate version artifact,get artifact,list artifact,put artifact,tree blob,copy blob,get " +
  "image,check-base image,copy image,digest image,inspect image,manifest image,mod index,create manifest,get " +
  "manifest,head registry,login repo,ls tag,delete tag,ls tag,rm attach backup discover manifest,fetch repo,tags " +
  "resolve restore build load save images sbom once check server help";
for (const words of PEER_COMMANDS.split(" ")) {
  const argv = words.split(",");
  test(`crossdock ${argv.join(" ")} does not end in a general hint`, async () => {
    const { exitCode, stderr } = await runRecorded([...argv, "--help"]);
    assert.doesNotMatch(stderr, /hint: run crossdock --help/);
    assert.ok(exitCode === 0 || /^error: unknown command .*\nhint: .{10}/.test(stderr), stderr);
  });
}

const misspelt: [word: string, hint: string][] = [
  ["copi", "Did you mean copy?"],
  ["lst-tags", "Did you mean list-tags? It is crossdock tags"],
  ["verfy", "Did you mean verify?"],
  ["qwertz", "run crossdock --help"],
  ["constructor", "run crossdock --help"],
];
for (const [word, hint] of misspelt) {
  test(`crossdock ${word} suggests: ${hint}`, async () => {
    for (const argv of [[word, "a", "b"], ["-v", word, "a"], ["-q", word], ["help", word]]) {
      const { exitCode, stderr } = await runRecorded(argv);
      assert.equal(stderr, `error: unknown command '${word}'\nhint: ${hint}\n`);
      assert.equal(exitCode, 2);
    }
  });
}

for (const argv of [["version"], ["--version"], ["-V"], ["-v"], ["copy", "--version"]]) {
  test(`crossdock ${argv.join(" ")} prints the version`, async () => {
    const { exitCode, stdout } = await runRecorded(argv);
    assert.deepEqual([exitCode, stdout], [0, `${pkg.version}\n`]);
  });
}
