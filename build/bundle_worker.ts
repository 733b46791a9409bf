/** The Worker as wrangler uploads it; as a program, it says how large that is. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What an edge function should not outgrow; the free plan takes 3 MB. */
const MAX_GZIP_BYTES = 300 * 1024;

/**
 * Bundles into a folder, as `wrangler deploy` would, and gives the file with the Worker. Sends nothing.
 *
 * @param config the file for wrangler. Default: that of this package
 */
export function bundleWorker(folder: string, config = join(ROOT, "wrangler.toml")): string {
  const wrangler = ["run", "--quiet", "--allow-all", "test/node_modules/wrangler/bin/wrangler.js"];
  const args = [...wrangler, "deploy", "--dry-run", "--config", config, "--outdir", folder];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  return join(folder, "worker.js");
}

if (import.meta.main) {
  const bytes = readFileSync(bundleWorker(join(ROOT, ".cache/worker")));
  const gzip = gzipSync(bytes).byteLength;
  const text = [gzip, bytes.byteLength].map((size) => `${(size / 1024).toFixed(1)} KiB`);
  process.stdout.write(`${text[0]} compressed, ${text[1]} as it is\n`);
  if (gzip >= MAX_GZIP_BYTES) {
    process.stderr.write(`want less than ${MAX_GZIP_BYTES / 1024} KiB compressed\n`);
    process.exitCode = 1;
  }
}
