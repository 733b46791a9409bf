/** Bundles the Worker as wrangler uploads it. Run as a program, it prints the size and fails above a limit. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Slightly above the current size, so that growth is noticed. The limit of the free plan is 3 MB. */
const MAX_GZIP_BYTES = 265 * 1024;

/**
 * Bundles the Worker into a folder as `wrangler deploy` does, without uploading it, and returns the path of the Worker's file.
 *
 * @param config path of the wrangler configuration. Default: wrangler.toml of this package
 */
export function bundleWorker(folder: string, config = join(ROOT, "wrangler.toml")): string {
  const wrangler = ["run", "--quiet", "--allow-all", "tools/node_modules/wrangler/bin/wrangler.js"];
  const args = [...wrangler, "deploy", "--dry-run", "--config", config, "--outdir", folder];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  return join(folder, "deployed_worker.js");
}

if (import.meta.main) {
  const bytes = readFileSync(bundleWorker(join(ROOT, ".cache/worker")));
  const gzip = gzipSync(bytes).byteLength;
  const text = [gzip, bytes.byteLength].map((size) => `${(size / 1024).toFixed(1)} KiB`);
  process.stdout.write(`${text[0]} compressed, ${text[1]} uncompressed\n`);
  if (gzip >= MAX_GZIP_BYTES) {
    process.stderr.write(`expected less than ${MAX_GZIP_BYTES / 1024} KiB compressed\n`);
    process.exitCode = 1;
  }
}
