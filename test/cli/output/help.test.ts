import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import { fakeCli } from "../fake_cli.ts";
import type { TextSink } from "../fake_cli.ts";
import { loadCommand } from "../load_command.ts";

const PAGES: readonly string[][] = [
  ["--help"],
  ...COMMANDS.map(({ name }) => [name, "--help"]),
];

/** The help in a terminal with so many columns. */
async function helpAt(columns: number, argv: readonly string[]): Promise<string[]> {
  const cli = fakeCli();
  (cli.environment.stdout as unknown as TextSink).columns = columns;
  const { exitCode, stdout } = await cli.run(...argv);
  assert.equal(exitCode, 0);
  return stdout.trimEnd().split("\n");
}

for (const argv of PAGES) {
  test(`crossdock ${argv.join(" ")} fits 80 columns, and its lists fit 40`, async () => {
    for (const line of await helpAt(80, argv)) assert.ok(line.length <= 80, line);
    const lines = await helpAt(40, argv);
    // One word may be longer.
    const descriptions = lines.filter((line) => /^ {6}\S+ /.test(line));
    assert.ok(descriptions.length > 0, lines.join("\n"));
    for (const line of descriptions) assert.ok(line.length <= 40, line);
  });
}

test("crossdock --help lists each command below the heading of its group, without options", async () => {
  const text = (await helpAt(80, ["--help"])).join("\n");
  for (const { name, group, description } of COMMANDS) {
    const [, section = ""] = new RegExp(`^${group}\n((?: .*\n)+)`, "m").exec(text) ?? [];
    assert.match(section, new RegExp(`^ {2}${name} +${description.slice(0, 30)}`, "m"));
  }
  assert.ok(!text.includes("[options] <"));
  const headings = text.split("\n").filter((line) => /^[A-Z].*:$/.test(line));
  assert.deepEqual(headings.slice(-3), ["Options:", "Examples:", "Exit codes:"]);
});

test("crossdock copy --help has its options in groups", async () => {
  const lines = await helpAt(80, ["copy", "--help"]);
  const groups = [
    "Content:",
    "All tags of a repository:",
    "Source registry:",
    "Destination registry:",
    "Registry access:",
    "On a crossdock server:",
    "Output:",
    "Options:",
    "Examples:",
  ];
  assert.deepEqual(lines.filter((line) => groups.includes(line)), groups);
  const groupOf = (option: string): string | undefined => {
    const index = lines.findIndex((line) => line.startsWith(`  ${option} `));
    return lines.slice(0, index).findLast((line) => /^[A-Z].*:$/.test(line));
  };
  assert.deepEqual(["--src-ca", "--dest-creds-fd", "--retries", "--platform"].map(groupOf), [
    "Source registry:",
    "Destination registry:",
    "Registry access:",
    "Content:",
  ]);
});

test("the help shows colours on a terminal, and the same text without them elsewhere", async () => {
  const cli = fakeCli();
  const stdout = cli.environment.stdout as unknown as TextSink;
  const plain = (await cli.run("copy", "--help")).stdout;
  stdout.isTTY = true;
  const colored = (await cli.run("copy", "--help")).stdout;
  assert.ok(!plain.includes("\x1b"));
  assert.ok(colored.includes("\x1b[1mExamples:\x1b[22m"), colored);
  assert.equal(stripVTControlCharacters(colored), plain);
});

/** The arguments of `crossdock` in a line of a shell. */
function argumentsOf(command: string): string[] {
  const [, words = ""] = /(?:^|[A-Z_]+=\S+ )crossdock ([^|>]*?)(?: \d?[<>|].*)?$/.exec(command) ??
    [];
  return words.trim().split(/\s+/);
}

for (const { name, examples } of COMMANDS) {
  test(`crossdock ${name} --help has two examples or more, which the command accepts`, async () => {
    // There is one way to ask for the version.
    assert.ok(examples.length >= (name === "version" ? 1 : 2));
    for (const { text, command } of examples) {
      assert.ok(!/[.:]$/.test(text), text);
      const [first = "", ...words] = argumentsOf(command);
      assert.equal(first, name, command);
      await (await loadCommand(name)).parseAsync(words, { from: "user" });
    }
  });
}
