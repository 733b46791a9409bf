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
 * @param main name of the Worker's file. Default: that of wrangler.toml
 */
export function bundleWorker(
  folder: string,
  config = join(ROOT, "wrangler.toml"),
  main = "deployed_worker.js",
): string {
  const wrangler = ["run", "--quiet", "--allow-all", "tools/node_modules/wrangler/bin/wrangler.js"];
  const args = [...wrangler, "deploy", "--dry-run", "--config", config, "--outdir", folder];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  return join(folder, main);
}

/** The Worker of the admission policy has the libraries of Sigstore, and the trust root, in addition to the server. */
const MAX_ADMISSION_GZIP_BYTES = 330 * 1024;

function checkSize(name: string, path: string, maxBytes: number): void {
  const bytes = readFileSync(path);
  const gzip = gzipSync(bytes).byteLength;
  const text = [gzip, bytes.byteLength].map((size) => `${(size / 1024).toFixed(1)} KiB`);
  process.stdout.write(`${name}: ${text[0]} compressed, ${text[1]} uncompressed\n`);
  if (gzip < maxBytes) return;
  process.stderr.write(`expected less than ${maxBytes / 1024} KiB compressed\n`);
  process.exitCode = 1;
}

if (import.meta.main) {
  const folder = join(ROOT, ".cache/worker");
  checkSize("crossdock", bundleWorker(folder), MAX_GZIP_BYTES);
  const config = join(ROOT, "wrangler.admission.toml");
  const admission = bundleWorker(folder, config, "admission_worker.js");
  checkSize("crossdock-admission", admission, MAX_ADMISSION_GZIP_BYTES);
}
