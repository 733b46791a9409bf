/** Builds what wrangler uploads: the page and the modules of the Worker. Run by worker.sh, on Deno or on Node. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { checkSelfBinding } from "./check_self_binding.ts";
import { buildPage, writePage } from "./page.ts";
import { splitWorker, writeModules } from "./split_worker.ts";

try {
  checkSelfBinding(readFileSync(new URL("../wrangler.toml", import.meta.url), "utf8"));
  writePage(await buildPage());
  writeModules(await splitWorker());
} catch (error) {
  if (!(error instanceof Error)) throw error;
  process.stderr.write(`build/worker.ts: ${error.message}\n`);
  process.exitCode = 1;
}
