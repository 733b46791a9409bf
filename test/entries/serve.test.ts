import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import pkg from "../../package.json" with { type: "json" };

const SERVE = fileURLToPath(new URL("../../src/entries/serve.ts", import.meta.url));

/** Runs the program with an environment in which no server can start. */
function runServe(argument: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const runtime = "Deno" in globalThis ? ["run", "--no-prompt", "--allow-env"] : [];
  const env = { PATH: process.env["PATH"], PORT: "not a port", NO_COLOR: "1" };
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [...runtime, SERVE, argument],
      { env },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  );
}

for (const argument of ["--help", "-h"]) {
  test(`crossdock-server ${argument} prints the settings and ends`, async () => {
    const { code, stdout } = await runServe(argument);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: crossdock-server .*\n[^]*^ {2}HOST /m);
  });
}

test("crossdock-server --version prints the version and ends", async () => {
  assert.deepEqual(await runServe("--version"), {
    code: 0,
    stdout: `${pkg.version}\n`,
    stderr: "",
  });
});

test("crossdock-server rejects an unknown argument and starts nothing", async () => {
  const { code, stdout, stderr } = await runServe("--port");
  assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
  assert.match(
    stderr,
    /^error: unexpected argument "--port"\nhint: run crossdock-server --help\n$/,
  );
});
