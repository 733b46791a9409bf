/** Builds what wrangler uploads: the page and the modules of the Worker. Run by worker.sh, on Deno or on Node. */
import { buildPage, writePage } from "./page.ts";
import { splitWorker, writeModules } from "./split_worker.ts";

writePage(await buildPage());
writeModules(await splitWorker());
