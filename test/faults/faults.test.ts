/**
 * Every case of this folder, with crossdock as a program on Deno and as a Worker in workerd. The cases run at the same time;
 * the tests wait for their results. `CROSSDOCK_FAULTS` selects cases by a part of their id.
 */
import assert from "node:assert/strict";
import process from "node:process";
import { after, test } from "node:test";
import { ALL_CASES } from "./all_cases.ts";
import { CrossdockInWorkerd, crossdockOnDeno } from "./crossdock_tools.ts";
import { toTextTable } from "./print_table.ts";
import { createPool, runCase } from "./run_case.ts";
import type { CaseResult } from "./run_case.ts";

/** More would start so many processes that timeouts depend on the machine. */
const PARALLEL_CASES = 6;

const workerd = new CrossdockInWorkerd();
const pool = createPool(PARALLEL_CASES);
const wanted = process.env["CROSSDOCK_FAULTS"] ?? "";
const cases = ALL_CASES.filter(({ id }) => id.includes(wanted));
const columns = [
  { title: "deno", tool: crossdockOnDeno, results: new Map<string, CaseResult>() },
  { title: "workerd", tool: workerd, results: new Map<string, CaseResult>() },
];

await workerd.prepare();

after(async () => {
  await workerd[Symbol.asyncDispose]();
  process.stdout.write(`\n${toTextTable(cases, columns)}\n`);
});

test("each case has a name of its own", () => {
  assert.equal(new Set(ALL_CASES.map(({ id }) => id)).size, ALL_CASES.length);
});

for (const { title, tool, results } of columns) {
  for (const faultCase of cases) {
    if (!(faultCase.on ?? ["deno", "workerd"]).some((host) => host === tool.host)) continue;
    const running = pool(() => runCase(faultCase, tool));
    test(`${faultCase.id} on ${title}: ${faultCase.situation}`, async () => {
      const result = await running;
      results.set(faultCase.id, result);
      assert.equal(result.verdict, "passed", result.reason);
    });
  }
}
