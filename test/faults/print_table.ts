/** Tables of results: one row for each case. */
import type { FaultCase } from "./fault_case.ts";
import type { CaseResult } from "./run_case.ts";

/** The results of one tool, by the id of the case. */
export interface Column {
  readonly title: string;
  readonly results: ReadonlyMap<string, CaseResult>;
}

const SIGNS = { passed: "ok", failed: "FAILED", skipped: "-" } as const;

/** A table of plain text, with the longest time of each row. */
export function toTextTable(cases: readonly FaultCase[], columns: readonly Column[]): string {
  const rows = [
    ["case", ...columns.map(({ title }) => title), "time"],
    ...cases.map(({ id }) => {
      const results = columns.map(({ results }) => results.get(id));
      const seconds = Math.max(0, ...results.map((result) => result?.seconds ?? 0));
      return [id, ...results.map(toSign), `${seconds.toFixed(1)} s`];
    }),
  ];
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows
    .map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}

/** A table in Markdown, with the situation of each case and the totals. */
export function toMarkdownTable(cases: readonly FaultCase[], columns: readonly Column[]): string {
  const rows = [
    ["case", "situation", ...columns.map(({ title }) => title)],
    ["---", "---", ...columns.map(() => "---")],
    ...cases.map(({ id, situation }) => [
      `\`${id}\``,
      situation,
      ...columns.map(({ results }) => toSign(results.get(id))),
    ]),
    ["**passed**", "", ...columns.map(({ results }) => toTotal(results))],
  ];
  return rows.map((row) => `| ${row.join(" | ")} |\n`).join("");
}

function toSign(result: CaseResult | undefined): string {
  return result === undefined ? "-" : SIGNS[result.verdict];
}

/** `12 of 14`, without the skipped cases. */
function toTotal(results: Column["results"]): string {
  const verdicts = [...results.values()].map(({ verdict }) => verdict);
  const passed = verdicts.filter((verdict) => verdict === "passed").length;
  return `${passed} of ${verdicts.filter((verdict) => verdict !== "skipped").length}`;
}
