/**
 * Measures crossdock beside other tools that copy images, and a program that does only what every correct copy must.
 *
 *     deno task bench [--quick] [--only NAME]...
 *
 * NAME is a scenario of bench/scenarios.ts, or `worker` for the size of the Worker. A `*` is any text. Results are
 * merged into bench/results/full.json and full.md, or quick.json and quick.md. Exits with 1 if a bound of bench/bounds.ts is exceeded.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { bundleWorker, compressedBytes } from "../build/bundle_worker.ts";
import { findMisses } from "./bounds.ts";
import type { Miss } from "./bounds.ts";
import { openCorpus } from "./corpus.ts";
import { mergeResults, readResults, writeTable } from "./results.ts";
import type { Mode } from "./results.ts";
import { runScenario } from "./run_scenario.ts";
import { SCENARIOS } from "./scenarios.ts";
import { print } from "./support.ts";
import { toMarkdown } from "./table.ts";

const WORKER = "worker";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
  },
});
const mode: Mode = values.quick ? "quick" : "full";
const names = chooseNames(values.only);

const startedAt = performance.now();
const failures: Miss[] = [];
{
  await using corpus = await openCorpus(fileURLToPath(new URL("../.cache/bench", import.meta.url)));
  for (const scenario of SCENARIOS) {
    if (!names.includes(scenario.name)) continue;
    try {
      const result = await runScenario(scenario, { corpus, mode, print });
      mergeResults(mode, { scenarios: { [scenario.name]: result } });
      print(`${scenario.name}  done after ${minutesSince(startedAt)} min`);
    } catch (error) {
      // The other scenarios do not depend on it.
      failures.push({ scenario: scenario.name, text: `${error}` });
      print(`${scenario.name}  failed: ${error}`);
    }
  }
}
if (names.includes(WORKER)) mergeResults(mode, { workerBytes: measureWorker() });

const results = readResults(mode);
writeTable(mode, toMarkdown(results));
const misses = [...failures, ...findMisses(results)];
for (const { scenario, text } of misses) print(`missed  ${scenario}  ${text}`);
print(
  `${misses.length} bounds missed, ${minutesSince(startedAt)} min; see bench/results/${mode}.md`,
);
// Not only the exit code: the servers of measured tools can still have connections.
process.exit(misses.length === 0 ? 0 : 1);

function chooseNames(only: readonly string[]): string[] {
  const all = [
    ...SCENARIOS.filter(({ rounds }) => rounds[mode] > 0).map(({ name }) => name),
    WORKER,
  ];
  if (only.length === 0) return all;
  return only.flatMap((pattern) => {
    const expression = new RegExp(`^${pattern.replaceAll("*", ".*")}$`);
    const found = all.filter((name) => expression.test(name));
    if (found.length > 0) return found;
    process.stderr.write(`bench: unknown scenario ${pattern}, expected ${all.join(", ")}\n`);
    process.exit(2);
  });
}

/** The size of the Worker as wrangler uploads it, compressed. */
function measureWorker(): number {
  const folder = mkdtempSync(join(tmpdir(), "crossdock-worker-"));
  try {
    return compressedBytes(bundleWorker(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function minutesSince(start: number): string {
  return ((performance.now() - start) / 60_000).toFixed(1);
}
