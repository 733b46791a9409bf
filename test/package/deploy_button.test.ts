/** "Deploy to Cloudflare" builds in a clone of the repository, on a machine with Node and npm, and without Deno. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTempFolder } from "../registries/run_program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NODE = join(ROOT, ".cache/runtimes/node_modules/.bin/node");
const WRANGLER = join(ROOT, "tools/node_modules/wrangler/bin/wrangler.js");
const run = promisify(execFile);

test("wrangler builds the Worker and its page with Node and npm only", async () => {
  await using folder = await createTempFolder("button");
  const clone = join(folder.path, "crossdock");
  const bin = join(folder.path, "bin");
  mkdirSync(bin);
  symlinkSync(NODE, join(bin, "node"));
  const { stdout: npm } = await run("bash", ["-c", "readlink -f $(command -v npm)"]);
  symlinkSync(npm.trim(), join(bin, "npm"));
  const env = { ...process.env, PATH: `${bin}:/usr/bin:/bin`, WRANGLER_SEND_METRICS: "false" };
  await assert.rejects(run("bash", ["-c", "command -v deno"], { env }));
  await run("git", ["clone", "--quiet", ROOT, clone]);
  await run("npm", ["install", "--no-audit", "--no-fund"], { cwd: clone, env });
  const deploy = [WRANGLER, "deploy", "--dry-run", "--outdir", join(folder.path, "out")];
  const { stdout } = await run(NODE, deploy, { cwd: clone, env });
  for (const binding of ["COPY_WORKFLOW", "SYNC_WORKFLOW", "SELF", "ASSETS"]) {
    assert.match(stdout, new RegExp(`^env\\.${binding} `, "m"));
  }
  const modules = readdirSync(join(folder.path, "out"), { recursive: true, encoding: "utf8" });
  assert.ok(modules.includes("deployed_worker.js"));
  assert.ok(modules.some((name) => name.includes("parse_config-")));
  assert.ok(readdirSync(join(clone, ".cache/page")).includes("index.html"));
});
