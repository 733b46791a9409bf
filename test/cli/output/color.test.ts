import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { hasColors } from "../../../src/cli/output/color.ts";
import { CrossdockError } from "../../../src/errors.ts";
import { fakeCli, TextSink } from "../fake_cli.ts";
import type { FakeCliOptions, Run } from "../fake_cli.ts";
import { DESTINATION, report, SOURCE, verification } from "../samples.ts";

const cases: [env: Record<string, string>, onTerminal: boolean, elsewhere: boolean][] = [
  [{}, true, false],
  [{ TERM: "xterm-256color" }, true, false],
  [{ TERM: "dumb" }, false, false],
  [{ NO_COLOR: "1" }, false, false],
  [{ NO_COLOR: "" }, true, false],
  [{ FORCE_COLOR: "1" }, true, true],
  [{ FORCE_COLOR: "true" }, true, true],
  [{ FORCE_COLOR: "" }, true, false],
  [{ FORCE_COLOR: "0" }, false, false],
  [{ FORCE_COLOR: "false" }, false, false],
  [{ FORCE_COLOR: "3", TERM: "dumb" }, true, true],
  [{ FORCE_COLOR: "1", NO_COLOR: "1" }, false, false],
  [{ CLICOLOR_FORCE: "1" }, true, true],
  [{ CLICOLOR_FORCE: "0" }, true, false],
  [{ CLICOLOR: "0" }, false, false],
  [{ CLICOLOR: "1" }, true, false],
];
for (const [env, onTerminal, elsewhere] of cases) {
  test(`hasColors() with ${JSON.stringify(env)}: ${onTerminal} on a terminal, ${elsewhere} elsewhere`, () => {
    const stream = new TextSink();
    assert.equal(hasColors(stream, env), elsewhere);
    stream.isTTY = true;
    assert.equal(hasColors(stream, env), onTerminal);
  });
}

/** Runs a command with terminals on stdout and stderr, or on one of them. */
function runOn(
  terminals: { stdout?: boolean; stderr?: boolean },
  options: FakeCliOptions,
  ...argv: string[]
): Promise<Run> {
  const cli = fakeCli(options);
  (cli.environment.stdout as unknown as TextSink).isTTY = terminals.stdout ?? false;
  (cli.environment.stderr as unknown as TextSink).isTTY = terminals.stderr ?? false;
  return cli.run(...argv);
}

const copied: FakeCliOptions = {
  engine: { copy: () => Promise.resolve({ ...report, warnings: ["one"] }) },
};

test("crossdock copy colours each stream for itself, without changing the text", async () => {
  const argv = ["copy", "--progress", "none", SOURCE, DESTINATION];
  const plain = await runOn({}, copied, ...argv);
  assert.ok(!`${plain.stdout}${plain.stderr}`.includes("\x1b"));
  const onStdout = await runOn({ stdout: true }, copied, ...argv);
  assert.ok(onStdout.stdout.startsWith("\x1b[32mcopied\x1b[39m"), onStdout.stdout);
  assert.ok(onStdout.stdout.includes("\x1b[2msha256:"));
  assert.equal(onStdout.stderr, plain.stderr);
  const onStderr = await runOn({ stderr: true }, copied, ...argv);
  assert.equal(onStderr.stderr, "\x1b[1m\x1b[33mwarning:\x1b[39m\x1b[22m one\n");
  assert.equal(onStderr.stdout, plain.stdout);
  assert.equal(stripVTControlCharacters(onStdout.stdout), plain.stdout);
});

test("errors and hints are coloured on a terminal", async () => {
  const error = new CrossdockError("registry", "error: \x1b[31mno", { hint: "do that" });
  const options = { engine: { copy: () => Promise.reject(error) } };
  const { stderr } = await runOn({ stderr: true }, options, "copy", SOURCE, DESTINATION);
  assert.equal(
    stderr,
    "\x1b[1m\x1b[31merror:\x1b[39m\x1b[22m error: \\u{1b}[31mno\n" +
      "\x1b[1m\x1b[36mhint:\x1b[39m\x1b[22m do that\n",
  );
});

test("documents, lists of tags and converted configs have no colours, also if they are forced", async () => {
  const env = { FORCE_COLOR: "1" };
  const tags = async function* (): AsyncGenerator<string[]> {
    yield await Promise.resolve(["failed", "copied"]);
  };
  const engine = {
    copy: () => Promise.resolve(report),
    verify: () => Promise.resolve(verification),
    tags,
  };
  const files = { "a.yaml": "r.io: { images: { failed: [copied] } }" };
  const all = { stdout: true, stderr: true };
  for (
    const argv of [
      ["copy", "--json", SOURCE, DESTINATION],
      ["verify", "--json", SOURCE, DESTINATION],
      ["copy", "--json", SOURCE],
      ["tags", "r.io/app"],
      ["import", "--from", "skopeo", "--to", "s.io", "a.yaml"],
      ["completion", "bash"],
    ]
  ) {
    const { stdout } = await runOn(all, { env, engine, files }, ...argv);
    assert.ok(stdout !== "" && !stdout.includes("\x1b"), `${argv.join(" ")}: ${stdout}`);
  }
});
