import { Command } from "@commander-js/extra-typings";
import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import { fakeCli } from "../fake_cli.ts";

for (const { name, usage, load } of COMMANDS) {
  test(`COMMANDS lists ${name} with the arguments that it has`, async () => {
    const command = new Command(name);
    const { environment } = fakeCli();
    const { signal } = new AbortController();
    (await load())(command, { environment, signal, setExitCode: () => {} });
    assert.equal(command.usage(), usage);
  });
}

test("crossdock serve starts the server", async () => {
  const cli = fakeCli();
  let starts = 0;
  cli.environment.serve = () => {
    starts++;
    throw new Error("ends the test");
  };
  await cli.run("serve", "--help");
  assert.equal(starts, 0);
  await cli.run("serve");
  assert.equal(starts, 1);
});
