/** The results of the bench: their form in bench/results, and what is derived from them. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { median } from "./support.ts";
import type { ProcessCost } from "./support.ts";
import { RUNTIMES, TOOLS, versionOf } from "./tools.ts";

const FOLDER = fileURLToPath(new URL("results", import.meta.url));

export interface Run extends ProcessCost {
  /** Requests to each side. A scenario within one registry has only the destination. */
  readonly source: number;
  readonly destination: number;
  readonly connections: number;
  /** Bytes of downloads from the source and of uploads to the destination. */
  readonly bytes: number;
}

/** Numbers of requests by method and kind: `GET blob`. */
export type Kinds = Readonly<Record<string, number>>;

/** The runs of a tool, with the requests of the last one, or the reason why there are none. */
export type ToolResult =
  | { readonly runs: readonly Run[]; readonly source: Kinds; readonly destination: Kinds }
  | { readonly error: string };

export interface ScenarioResult {
  readonly measuredAt: string;
  readonly tools: Readonly<Record<string, ToolResult>>;
}

export interface Results {
  readonly machine: Readonly<Record<string, string>>;
  readonly scenarios: Readonly<Record<string, ScenarioResult>>;
  readonly workerBytes?: number;
}

export type Mode = "quick" | "full";

export function readResults(mode: Mode): Results {
  const path = `${FOLDER}/${mode}.json`;
  if (!existsSync(path)) return { machine: {}, scenarios: {} };
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Replaces the results of some scenarios, and leaves the others. */
export function mergeResults(mode: Mode, added: Partial<Results>): Results {
  const before = readResults(mode);
  const results = {
    ...before,
    ...added,
    machine: describeMachine(),
    scenarios: { ...before.scenarios, ...added.scenarios },
  };
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(`${FOLDER}/${mode}.json`, `${JSON.stringify(results, null, 1)}\n`);
  return results;
}

export function writeTable(mode: Mode, markdown: string): void {
  writeFileSync(`${FOLDER}/${mode}.md`, markdown);
}

let machine: Readonly<Record<string, string>> | undefined;

function describeMachine(): Readonly<Record<string, string>> {
  return machine ??= {
    processor: `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, ${arch()}`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    kernel: release(),
    crossdock: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
    Deno: versionOf("deno --version"),
    Node: versionOf(`${RUNTIMES}/node --version`),
    Bun: versionOf(`${RUNTIMES}/bun --version`),
    ...Object.fromEntries(
      TOOLS.flatMap((tool) =>
        "server" in tool || tool.version === undefined ? [] : [[tool.name, versionOf(tool.version)]]
      ),
    ),
  };
}

/**
 * What the tables show of the runs of a tool. Counts are the largest of all runs. Memory is the median: the first run of a program
 * can need more, because its runtime then stores compiled code.
 */
export interface Summary {
  readonly source: number;
  readonly destination: number;
  readonly minSeconds: number;
  readonly medianSeconds: number;
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly connections: number;
  readonly bytes: number;
}

export function summarize(result: ToolResult | undefined): Summary | undefined {
  if (result === undefined || "error" in result) return undefined;
  const all = (pick: (run: Run) => number): number[] => result.runs.map(pick);
  return {
    source: Math.max(...all((run) => run.source)),
    destination: Math.max(...all((run) => run.destination)),
    minSeconds: Math.min(...all((run) => run.seconds)),
    medianSeconds: median(all((run) => run.seconds)),
    cpuSeconds: median(all((run) => run.cpuSeconds)),
    peakMiB: median(all((run) => run.peakMiB)),
    connections: Math.max(...all((run) => run.connections)),
    bytes: Math.max(...all((run) => run.bytes)),
  };
}
