import assert from "node:assert/strict";
import { test } from "node:test";
import { findMisses } from "../../bench/bounds.ts";
import type { Results, Run, ToolResult } from "../../bench/results.ts";

const RUN: Run = {
  seconds: 1,
  cpuSeconds: 1,
  peakMiB: 40,
  source: 5,
  destination: 10,
  connections: 2,
  bytes: 1000,
};

function resultOf(...runs: Partial<Run>[]): ToolResult {
  return { runs: runs.map((run) => ({ ...RUN, ...run })), source: {}, destination: {} };
}

function missesOf(
  scenarios: Record<string, Record<string, ToolResult>>,
  more: Partial<Results> = {},
): string[] {
  const results: Results = {
    machine: {},
    scenarios: Object.fromEntries(
      Object.entries(scenarios).map(([name, tools]) => [name, { measuredAt: "", tools }]),
    ),
    ...more,
  };
  return findMisses(results).map(({ scenario, text }) => `${scenario}: ${text}`);
}

test("findMisses() finds nothing in results within the bounds, whatever the time and the other tools", () => {
  const tools = {
    Deno: resultOf({ seconds: 100 }),
    crane: resultOf({ source: 99 }),
    oras: { error: "failed" },
  };
  assert.deepEqual(missesOf({ small: tools }), []);
});

test("findMisses() finds a request too many in one of the runs", () => {
  assert.deepEqual(missesOf({ small: { Bun: resultOf({}, { destination: 11 }, {}) } }), [
    "small: Bun: 5 + 11 requests, expected at most 5 + 10",
  ]);
});

test("findMisses() compares the median of memory with its bound", () => {
  assert.deepEqual(missesOf({ small: { Node: resultOf({ peakMiB: 300 }, {}, {}) } }), []);
  assert.deepEqual(missesOf({ small: { Node: resultOf({ peakMiB: 300 }) } }), [
    "small: Node: 300 MiB resident, expected at most 95",
  ]);
});

test("findMisses() finds memory that grows with a layer", () => {
  const scenarios = {
    "layer-64": { Deno: resultOf({ source: 3, destination: 8, peakMiB: 60 }) },
    "layer-1024": { Deno: resultOf({ source: 3, destination: 8, peakMiB: 100 }) },
  };
  assert.deepEqual(missesOf(scenarios), [
    "layer-1024: Deno: from 60 MiB to 100 MiB, expected at most 32 more",
  ]);
});

test("findMisses() finds a copy of ours that failed", () => {
  assert.deepEqual(missesOf({ small: { Deno: { error: "1 is 404" } } }), ["small: Deno: 1 is 404"]);
});

test("findMisses() finds a Worker that is too large", () => {
  assert.deepEqual(missesOf({}, { workerBytes: 260 * 1024 }), []);
  assert.deepEqual(missesOf({}, { workerBytes: 261 * 1024 }), [
    "worker: 261.0 KiB compressed, expected at most 260",
  ]);
});
