/** Writes the tables of docs/performance.md from bench/results/full.json: `deno task bench:docs`. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readResults } from "./results.ts";
import type { Results } from "./results.ts";
import {
  toCpuTable,
  toMachineList,
  toMemoryTable,
  toMissList,
  toRequestTable,
  toTimeTable,
} from "./table.ts";

const PAGE = fileURLToPath(new URL("../docs/performance.md", import.meta.url));

/** What stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`. */
const SECTIONS: Readonly<Record<string, (results: Results) => string>> = {
  machine: toMachineList,
  requests: toRequestTable,
  time: toTimeTable,
  cpu: toCpuTable,
  memory: toMemoryTable,
  misses: toMissList,
};

/** The page with these results. */
export function fillPage(page: string, results: Results): string {
  return Object.entries(SECTIONS).reduce((text, [name, toText]) => {
    const section = new RegExp(`(<!-- begin: ${name} -->)[^]*(<!-- end: ${name} -->)`);
    if (!section.test(text)) throw new Error(`${PAGE} has no section ${name}`);
    return text.replace(section, (_, begin, end) => `${begin}\n\n${toText(results)}\n\n${end}`);
  }, page);
}

if (import.meta.main) {
  writeFileSync(PAGE, fillPage(readFileSync(PAGE, "utf8"), readResults("full")));
}
