import { test } from "node:test";
import assert from "node:assert/strict";
import { CopyError } from "../../../src/copy/copy_error.ts";
import { CrossdockError, ParseError } from "../../../src/errors.ts";
import type { ErrorCode } from "../../../src/errors.ts";
import { runCli } from "../../../src/cli/program.ts";
import { fakeCli } from "../fake_cli.ts";
import type { Run, TextSink } from "../fake_cli.ts";
import { blobStep, DESTINATION, digest, SOURCE } from "../samples.ts";

/** A copy that fails with the error. */
function failWith(error: unknown, ...flags: string[]): Promise<Run> {
  return fakeCli({ engine: { copy: () => Promise.reject(error) } })
    .run("copy", ...flags, SOURCE, DESTINATION);
}

const codes: [ErrorCode, number][] = [
  ["usage", 2],
  ["unauthorized", 3],
  ["denied", 3],
  ["not_found", 4],
  ["conflict", 5],
  ["unsupported", 6],
  ["limit", 6],
  ["integrity", 7],
  ["network", 8],
  ["tls", 8],
  ["timeout", 9],
  ["rate_limited", 10],
  ["registry", 11],
  ["aborted", 130],
];
for (const [code, wanted] of codes) {
  test(`runCli() ends with ${wanted} for ${code}`, async () => {
    const error = new CrossdockError(code, "read it: no", { side: "source", hint: "do that" });
    assert.deepEqual(await failWith(error), {
      exitCode: wanted,
      stdout: "",
      stderr: "error: source: read it: no\nhint: do that\n",
    });
  });
}

test("runCli() ends with 2 for text that does not parse", async () => {
  const { exitCode, stderr } = await failWith(new ParseError("parse it: no"));
  assert.deepEqual([exitCode, stderr], [2, "error: parse it: no\n"]);
});

test("runCli() calls any other error a bug, and shows its stack only when asked", async () => {
  const { exitCode, stderr } = await failWith(new TypeError("x is undefined"));
  assert.equal(exitCode, 1);
  assert.match(stderr, /^error: this is a bug in crossdock: x is undefined\nhint: .*--debug.*\n$/);
  const debugged = await failWith(new TypeError("x is undefined"), "--debug");
  assert.match(debugged.stderr, /\n +at /);
  const cli = fakeCli({
    engine: { copy: () => Promise.reject(new TypeError("x")) },
    env: { CROSSDOCK_DEBUG: "1" },
  });
  assert.match((await cli.run("copy", SOURCE, DESTINATION)).stderr, /\n +at /);
});

test("runCli() exits with 1 if a value is thrown that is not an error", async () => {
  const { exitCode, stderr } = await failWith("oops");
  assert.equal(exitCode, 1);
  assert.match(stderr, /bug in crossdock: oops/);
});

test("runCli() names the step of a copy that failed, its side and its causes, each once", async () => {
  const refused = new Error("ECONNREFUSED 127.0.0.1:5001");
  const cause = new CrossdockError("network", "upload blob: nobody listens", {
    side: "destination",
    hint: "is it running",
    cause: refused,
  });
  const { exitCode, stderr } = await failWith(new CopyError(blobStep("a", 2048), cause));
  assert.equal(exitCode, 8);
  assert.equal(
    stderr,
    [
      "error: destination: upload blob: nobody listens",
      `step: blob ${digest("a")} (2.0 KiB) from localhost:5000/app to localhost:5001/copy/app`,
      "cause: ECONNREFUSED 127.0.0.1:5001",
      "hint: is it running",
      "",
    ].join("\n"),
  );
});

test("runCli() survives causes that go round in a ring", async () => {
  const error = new CrossdockError("network", "a");
  const other = new Error("b", { cause: error });
  error.cause = other;
  const { stderr } = await failWith(error);
  assert.equal(stderr, "error: a\ncause: b\n");
});

test("runCli() names the missing permission of Deno", async () => {
  const error = Object.assign(
    new Error('Requires net access to "a.io:443", run again with the --allow-net flag'),
    { name: "NotCapable" },
  );
  const { exitCode, stderr } = await failWith(error);
  assert.equal(exitCode, 2);
  assert.match(stderr, /^error: Deno denied permission.*\nhint: run Deno with --allow-net\n$/);
});

test("runCli() exits as after SIGPIPE, without an error, when stdout is closed", async () => {
  const engine = {
    tags: async function* (): AsyncGenerator<string[]> {
      yield await Promise.resolve(["1"]);
      throw new Error("asked for a page that nobody reads");
    },
  };
  const cli = fakeCli({ engine });
  const { stdout } = cli.environment;
  stdout.write = ((_: string, done: (error: Error) => void) => {
    done(Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" }));
    return false;
  }) as typeof stdout.write;
  const { exitCode, stderr } = await cli.run("tags", "localhost:5000/app");
  assert.deepEqual([exitCode, stderr], [141, ""]);
});

for (
  const argv of [["tags", "localhost:5000/app"], ["--help"], ["copy", "--help"], ["--version"]]
) {
  test(`runCli() names a stdout that is full: ${argv.join(" ")}`, async () => {
    const cli = fakeCli({
      engine: {
        tags: async function* (): AsyncGenerator<string[]> {
          yield await Promise.resolve(["1"]);
        },
      },
    });
    const { stdout } = cli.environment;
    stdout.write = ((_: string, done?: (error: Error) => void) => {
      done?.(Object.assign(new Error("write ENOSPC"), { code: "ENOSPC", syscall: "write" }));
      return false;
    }) as typeof stdout.write;
    const { exitCode, stderr } = await cli.run(...argv);
    assert.equal(exitCode, 2);
    assert.match(stderr, /^error: write to stdout: no space left on the device\nhint: /);
  });
}

test("runCli() takes a pipe that breaks elsewhere for an error", async () => {
  const error = Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
  assert.equal((await failWith(error)).exitCode, 1);
});

test("runCli() prints an error even without permission to read the environment", async () => {
  const cli = fakeCli();
  const env = new Proxy({}, {
    get(): never {
      const message = 'Requires env access to "X", run again with the --allow-env flag';
      throw Object.assign(new Error(message), { name: "NotCapable" });
    },
  });
  const { stderr } = cli.environment;
  assert.equal(await runCli(["copy", SOURCE, DESTINATION], { ...cli.environment, env }), 2);
  assert.match(
    (stderr as unknown as TextSink).text,
    /^error: Deno denied permission.*--allow-env\n$/s,
  );
});
