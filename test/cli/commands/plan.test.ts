import assert from "node:assert/strict";
import { test } from "node:test";
import { putImage } from "../../support/image.ts";
import { startRegistry } from "../../support/registry.ts";
import { engineCli } from "../engine_cli.ts";

async function runPlan(
  flags: readonly string[],
  layers = 30,
): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  await using source = await startRegistry();
  await using destination = await startRegistry();
  await putImage(source, "app", { tag: "1", layers });
  const cli = engineCli();
  return await cli.run("plan", ...flags, `${source.host}/app:1`, `${destination.host}/app`);
}

test("crossdock plan --budget shows whether the copy fits, what exceeds a limit, and what to change", async () => {
  const { exitCode, stdout, stderr } = await runPlan(["--budget", "workers-free"]);
  // A copy that does not fit is a result, not an error.
  assert.equal(exitCode, 0, stderr);
  assert.match(
    stdout,
    /^budget +Cloudflare Workers, free plan: does not fit in one request; fits as a Workflow$/m,
  );
  assert.match(stdout, /^ +in one invocation +96 to \d+ \* +3 to \d+ +50$/m);
  assert.match(stdout, /^ +steps of the Workflow +- +33 +1,024$/m);
  assert.match(stdout, /^ +copies like this included +100,000 a day +90 a day$/m);
  assert.match(stdout, /^- copy durably/m);
  assert.match(stdout, /^limits and prices as of 20\d\d-\d\d-\d\d:$/m);
});

test("crossdock plan --budget says that a Workflow of many steps waits", async () => {
  const { stdout } = await runPlan(["--budget", "workers-free"], 60);
  assert.match(stdout, /^budget .*; may fit as a Workflow$/m);
  assert.match(stdout, /^ +calls of the Workflow +- +63 \* +50$/m);
  assert.match(stdout, /waits for six minutes/);
  assert.match(stdout, /^not counted: .*KV namespace STATE.*one read, one write, one delete/m);
});

test("crossdock plan --budget shows prices of the paid plan", async () => {
  const { stdout } = await runPlan(["--budget", "workers-paid"]);
  assert.match(stdout, /: fits in one request; fits as a Workflow$/m);
  assert.match(stdout, /^ +price of 1,000 more +\$0\.\d\d +\$0\.2\d$/m);
  assert.doesNotMatch(stdout, /^to change/m);
});

test("crossdock plan --budget shows one way for Deno Deploy", async () => {
  const { stdout } = await runPlan(["--budget", "deno-deploy"]);
  assert.match(stdout, /^budget +Deno Deploy, free plan: fits in one request$/m);
  assert.match(stdout, /^not confirmed: /m);
  assert.doesNotMatch(stdout, /^not counted/m);
  assert.doesNotMatch(stdout, /Workflow/);
});

test("crossdock plan --budget --json adds the budget to the plan", async () => {
  const { stdout } = await runPlan(["--json", "--budget", "workers-free"]);
  const { result, budget } = JSON.parse(stdout);
  assert.equal(result, "copied");
  assert.equal(budget.platform, "workers-free");
  assert.equal(budget.fits, "yes");
  assert.equal(budget.ways[1].needs.steps.atMost, 33);
  assert.equal("budget" in JSON.parse((await runPlan(["--json"])).stdout), false);
});

test("crossdock plan --budget rejects an unknown platform, and a folder", async () => {
  const unknown = await runPlan(["--budget", "lambda"]);
  assert.equal(unknown.exitCode, 2);
  assert.match(
    unknown.stderr,
    /--budget: expected workers-free, workers-paid or deno-deploy, got "lambda"/,
  );
  const { exitCode, stderr } = await engineCli()
    .run("plan", "--budget", "workers-free", "oci:images:app", "registry.example.com/app");
  assert.equal(exitCode, 2);
  assert.match(stderr, /--budget: oci:\S+ is not a registry/);
});
