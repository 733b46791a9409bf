import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeCli } from "../fake_cli.ts";

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
