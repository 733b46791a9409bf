/** The bounds of the bench. It fails if one is exceeded. Times have none, because they depend on the machine. */
import { summarize } from "./results.ts";
import type { Results } from "./results.ts";
import { TOOLS } from "./tools.ts";

/** The largest number of requests at the source and at the destination. */
type Requests = readonly [source: number, destination: number];

/** Requests to prove that the destination checks digests, once in a process, before its first blob above 8 MiB (ADR 27). */
const PROOF = 2;

/** By the name of the scenario. */
const REQUESTS: Readonly<Record<string, Requests>> = {
  "small": [5, 10],
  "small-unchanged": [1, 1],
  "typical": [10, 20 + PROOF],
  "many": [102, 204],
  "multi": [28, 50],
  // Both sides are one registry.
  "mount": [0, 12],
  // One list, each manifest and each blob once; two requests for a blob, one for a manifest. A HEAD and a list find the empty target.
  "tags-300": [904, 1510],
  "tags-300-unchanged": [301, 300],
  "tags-300-state": [301, 1],
  "tags-300-changed": [304, 308],
  // Distribution lists at most 1,000 tags at once, and says after the second page that there are more: the third is empty.
  "missing-2000": [3, 3],
  "small-80-ms": [5, 10],
  "many-80-ms": [102, 204],
  "multi-80-ms": [28, 50],
  "small-tokens": [7, 12],
  "artifact": [16, 27],
  "layer-64": [3, 6 + PROOF],
  "layer-1024": [3, 6 + PROOF],
  "layer-4096": [3, 6 + PROOF],
  "layers-10": [12, 24],
  "layers-100": [102, 204],
  "layers-500": [502, 1004],
  "tags-30": [94, 160],
  // The same: a fourth page that is empty, at both sides.
  "tags-3000": [9007, 15_013],
  "tags-300-80-ms": [904, 1510],
  "tags-300-80-ms-unchanged": [301, 300],
  "typical-50-mb-s": [10, 20 + PROOF],
};

/**
 * Peak of resident memory in MiB, by the name of the scenario and the program. A tenth or two above what is reached, so that growth is
 * noticed. Less was wanted: 50, 60, 80 and 90 MiB. ADR 31 says what stands in the way.
 */
const MEMORY_MIB: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  "small-unchanged": { Deno: 70, Node: 90, Bun: 80 },
  "small": { Deno: 80, Node: 95, Bun: 85 },
  "many": { Deno: 130, Node: 130, Bun: 145 },
  // 16 images at once.
  "tags-300": { Deno: 210, Node: 180, Bun: 145 },
};

/** The programs whose growth is bounded. */
const MEASURED_MEMORY = ["Deno", "Node", "Bun"];

/** How much more memory the larger of two scenarios may take, in MiB. A larger layer needs none: the rest is noise. */
const GROWTH: readonly (readonly [small: string, large: string, mib: number])[] = [
  ["layer-64", "layer-1024", 32],
  ["layer-64", "layer-4096", 32],
  // A run keeps about 2 kB of a tag (ADR 31). The rest is garbage of 16 images at once, for which V8 lets the heap grow.
  ["tags-30", "tags-300", 100],
  ["tags-30", "tags-3000", 160],
  ["layers-10", "layers-500", 64],
];

/** The Worker, compressed. */
const WORKER_KIB = 260;

/** A bound that is exceeded. */
export interface Miss {
  readonly scenario: string;
  readonly text: string;
}

export function findMisses(results: Results): Miss[] {
  const misses: Miss[] = [];
  const ours = TOOLS.filter(({ kind }) => kind === "ours").map(({ name }) => name);
  for (const [scenario, { tools }] of Object.entries(results.scenarios)) {
    const miss = (text: string): void => void misses.push({ scenario, text });
    for (const name of ours) {
      const result = tools[name];
      if (result && "error" in result) miss(`${name}: ${result.error}`);
      const summary = summarize(result);
      if (!summary) continue;
      const [source, destination] = REQUESTS[scenario] ?? [Infinity, Infinity];
      if (summary.source > source || summary.destination > destination) {
        miss(
          `${name}: ${summary.source} + ${summary.destination} requests, expected at most ` +
            `${source} + ${destination}`,
        );
      }
      const memory = MEMORY_MIB[scenario]?.[name];
      if (memory !== undefined && summary.peakMiB > memory) {
        miss(`${name}: ${summary.peakMiB.toFixed(0)} MiB resident, expected at most ${memory}`);
      }
    }
  }
  return [...misses, ...findGrowth(results), ...findWorkerSize(results)];
}

function findGrowth({ scenarios }: Results): Miss[] {
  return GROWTH.flatMap(([small, large, mib]) =>
    MEASURED_MEMORY.flatMap((name) => {
      const from = summarize(scenarios[small]?.tools[name])?.peakMiB;
      const to = summarize(scenarios[large]?.tools[name])?.peakMiB;
      if (from === undefined || to === undefined || to <= from + mib) return [];
      const grown = `${from.toFixed(0)} MiB to ${to.toFixed(0)} MiB`;
      return [{
        scenario: large,
        text: `${name}: from ${grown}, expected at most ${mib} more`,
      }];
    })
  );
}

function findWorkerSize({ workerBytes }: Results): Miss[] {
  if (workerBytes === undefined || workerBytes <= WORKER_KIB * 1024) return [];
  const size = (workerBytes / 1024).toFixed(1);
  return [{
    scenario: "worker",
    text: `${size} KiB compressed, expected at most ${WORKER_KIB}`,
  }];
}

export function boundOf(scenario: string): string {
  const bound = REQUESTS[scenario];
  return bound === undefined ? "" : bound.filter((count) => count > 0).join(" + ");
}
