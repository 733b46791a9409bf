/** Bundles the Worker as wrangler uploads it. Run as a program, it prints the size and fails above a limit. */
import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { buildPage, compressedPageBytes } from "./page.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Slightly above the current size, so that growth is noticed. The limit of the free plan is 3 MB. */
const MAX_GZIP_BYTES = 262 * 1024;

/** The module that workerd starts with. */
export const MAIN_MODULE = "deployed_worker.js";

/**
 * Bundles the Worker into a folder as `wrangler deploy` does, without uploading it, and returns the texts of its modules by name.
 *
 * @param config path of the wrangler configuration. Default: wrangler.toml of this package
 */
export function bundleWorker(
  folder: string,
  config = join(ROOT, "wrangler.toml"),
): Readonly<Record<string, string>> {
  const wrangler = ["run", "--quiet", "--allow-all", "tools/node_modules/wrangler/bin/wrangler.js"];
  const args = [...wrangler, "deploy", "--dry-run", "--config", config, "--outdir", folder];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".js"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

/** The size of all modules as wrangler computes it, which Cloudflare limits. */
export function compressedBytes(modules: Readonly<Record<string, string>>): number {
  return gzipSync(Object.values(modules).join("")).byteLength;
}

/** The Worker of the admission policy has the libraries of Sigstore, and the trust root, in addition to the server. */
const MAX_ADMISSION_GZIP_BYTES = 330 * 1024;

function checkSize(
  name: string,
  { config, maxBytes }: { readonly config?: string; readonly maxBytes: number },
): void {
  const folder = join(ROOT, ".cache/worker", name);
  rmSync(folder, { recursive: true, force: true });
  const modules = bundleWorker(folder, config);
  const gzip = compressedBytes(modules);
  const bytes = Buffer.byteLength(Object.values(modules).join(""));
  const text = [gzip, bytes].map((size) => `${(size / 1024).toFixed(1)} KiB`);
  const count = Object.keys(modules).length;
  process.stdout.write(
    `${name}: ${text[0]} compressed, ${text[1]} uncompressed, modules: ${count}\n`,
  );
  if (gzip < maxBytes) return;
  process.stderr.write(`expected less than ${maxBytes / 1024} KiB compressed\n`);
  process.exitCode = 1;
}

/** All that a browser loads of `/` and `/docs`, compressed. */
const MAX_PAGE_BYTES = 60 * 1024;

async function checkPageSize(): Promise<void> {
  const bytes = compressedPageBytes(await buildPage());
  process.stdout.write(`page: ${(bytes / 1024).toFixed(1)} KiB compressed\n`);
  if (bytes <= MAX_PAGE_BYTES) return;
  process.stderr.write(`expected at most ${MAX_PAGE_BYTES / 1024} KiB compressed\n`);
  process.exitCode = 1;
}

if (import.meta.main) {
  await checkPageSize();
  checkSize("crossdock", { maxBytes: MAX_GZIP_BYTES });
  const config = join(ROOT, "wrangler.admission.toml");
  checkSize("crossdock-admission", { config, maxBytes: MAX_ADMISSION_GZIP_BYTES });
}
