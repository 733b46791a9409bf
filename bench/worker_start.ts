/**
 * Measures the start of the Worker by `wrangler check startup`: the active time from the import of its main module until all of it is
 * evaluated, in workerd on this machine. Prints a line of text and then JSON.
 *
 * `deno task bench:worker-start [runs] [bundle …]`. A bundle is a result of `wrangler deploy --dry-run --outfile`, for instance that of
 * an older version: its runs alternate with those of this version.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DEFAULT_RUNS = 9;

const [runs = `${DEFAULT_RUNS}`, ...others] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "crossdock-start-"));
try {
  const ours = join(folder, "worker.bundle");
  wrangler("deploy", "--dry-run", "--outfile", ours);
  const bundles = [ours, ...others];
  const activeMs = bundles.map((): number[] => []);
  const sizes: string[] = [];
  for (let run = 0; run < Number(runs); run++) {
    for (const [i, bundle] of bundles.entries()) {
      const report = wrangler(
        ...["check", "startup", "--worker", bundle],
        ...["--outfile", join(folder, "worker.cpuprofile")],
      );
      activeMs[i]?.push(Number(find(report, /Active: ([\d.]+) ms/)));
      sizes[i] = find(report, /Bundle: (.+)/);
    }
  }
  const results = bundles.map((bundle, i) => {
    const sorted = (activeMs[i] ?? []).toSorted((a, b) => a - b);
    return {
      bundle: i === 0 ? "this version" : bundle,
      size: sizes[i] ?? "",
      leastMs: sorted[0] ?? NaN,
      medianMs: sorted[sorted.length >> 1] ?? NaN,
      activeMs: sorted,
    };
  });
  for (const { bundle, size, leastMs, medianMs } of results) {
    process.stdout.write(
      `${bundle}: ${leastMs} ms active at least, ${medianMs} ms at the median, ${size}\n`,
    );
  }
  process.stdout.write(`${JSON.stringify(results)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function wrangler(...args: string[]): string {
  const program = ["run", "--quiet", "--allow-all", "tools/node_modules/wrangler/bin/wrangler.js"];
  return execFileSync(process.execPath, [...program, ...args], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function find(text: string, pattern: RegExp): string {
  const [, found] = pattern.exec(text) ?? [];
  if (found === undefined) throw new Error(`expected ${pattern} in ${text}`);
  return found;
}
