/** The results of the bench as Markdown tables. */
import { boundOf, findMisses } from "./bounds.ts";
import { summarize } from "./results.ts";
import type { Results, ScenarioResult, Summary } from "./results.ts";
import { SCENARIOS } from "./scenarios.ts";
import { TOOLS } from "./tools.ts";

const MIB = 1024 * 1024;

/** All figures: a table for each scenario. */
export function toMarkdown(results: Results): string {
  const sections = SCENARIOS.flatMap(({ name, title }) => {
    const result = results.scenarios[name];
    return result && hasRuns(result)
      ? [`## ${name}\n\n${title}\n\n${toScenarioTable(result)}`]
      : [];
  });
  return [
    "# Results of the bench",
    toMachineList(results),
    ...sections,
    `## Missed bounds\n\n${toMissList(results)}`,
  ].join("\n\n") + "\n";
}

export function toMissList(results: Results): string {
  return findMisses(results).map(({ scenario, text }) => `- ${scenario}: ${text}`).join("\n") ||
    "None.";
}

/** False where no tool can do what a scenario asks for. */
function hasRuns({ tools }: Pick<ScenarioResult, "tools">): boolean {
  return Object.keys(tools).length > 0;
}

export function toMachineList({ machine, scenarios }: Results): string {
  const days = Object.values(scenarios).map(({ measuredAt }) => measuredAt.slice(0, 10)).sort();
  const entries = Object.entries({ measured: days.at(-1) ?? "", ...machine });
  return entries.map(([name, value]) => `- ${name}: ${value}`).join("\n");
}

function toScenarioTable({ tools }: ScenarioResult): string {
  const best = findBest(tools);
  const floor = summarize(tools["floor"]);
  const rows = Object.entries(tools).map(([name, result]) => {
    const summary = summarize(result);
    if (!summary) return [name, "error" in result ? firstLine(result.error) : "no result"];
    return [
      name,
      requestsOf(summary),
      `${summary.connections}`,
      `${Math.round(summary.bytes / MIB)}`,
      seconds(summary.minSeconds),
      seconds(summary.medianSeconds),
      ratio(summary.medianSeconds, best?.summary.medianSeconds),
      ratio(summary.medianSeconds, floor?.medianSeconds),
      seconds(summary.cpuSeconds),
      summary.peakMiB.toFixed(0),
    ];
  });
  return toTable([
    "tool",
    "requests",
    "connections",
    "MiB moved",
    "least s",
    "median s",
    "to best peer",
    "to floor",
    "CPU s",
    "MiB resident",
  ], rows);
}

/** The requests of all tools that copy one image, or a repository. */
export function toRequestTable({ scenarios }: Results): string {
  const rows = SCENARIOS.flatMap(({ name, title, network }) => {
    const tools = scenarios[name]?.tools;
    if (!tools || !hasRuns({ tools }) || (network && !network.tokens)) return [];
    const ours = summarize(tools["Deno"]);
    const peers = peersOf(tools).sort((a, b) => countOf(a.summary) - countOf(b.summary));
    const [least] = peers;
    return [[
      title,
      requestsOf(summarize(tools["floor"])),
      least ? `${requestsOf(least.summary)} ${least.name}` : "",
      requestsOf(ours),
      boundOf(name),
    ]];
  });
  return toTable(["scenario", "floor", "best peer", "crossdock", "bound"], rows);
}

const OURS = ["Deno", "Node", "Bun", "one file"];

/** Median times, and the ratios to the best peer and to the floor of our fastest host. */
export function toTimeTable({ scenarios }: Results): string {
  const rows = SCENARIOS.flatMap(({ name, title }) => {
    const tools = scenarios[name]?.tools;
    if (!tools || !hasRuns({ tools })) return [];
    const ours = OURS.map((tool) => summarize(tools[tool])?.medianSeconds);
    const best = findBest(tools);
    const floor = summarize(tools["floor"])?.medianSeconds;
    return [[
      title,
      seconds(floor),
      best ? `${seconds(best.summary.medianSeconds)} ${best.name}` : "",
      ...ours.map(seconds),
      ratio(ours[0], best?.summary.medianSeconds),
      ratio(ours[0], floor),
    ]];
  });
  const header = ["scenario", "floor", "best peer", ...OURS, "Deno to best peer", "to floor"];
  return toTable(header, rows);
}

/** CPU time of whole processes. */
export function toCpuTable(results: Results): string {
  return toHostTable(
    results,
    ({ cpuSeconds }) => cpuSeconds.toFixed(2),
    (a, b) => a.cpuSeconds - b.cpuSeconds,
  );
}

/** Peaks of resident memory. */
export function toMemoryTable(results: Results): string {
  return toHostTable(results, ({ peakMiB }) => peakMiB.toFixed(0), (a, b) => a.peakMiB - b.peakMiB);
}

const HOSTS = [...OURS, "server, Deno", "server, workerd"];

function toHostTable(
  { scenarios }: Results,
  show: (summary: Summary) => string,
  compare: (a: Summary, b: Summary) => number,
): string {
  const rows = SCENARIOS.flatMap(({ name, title, network }) => {
    const tools = scenarios[name]?.tools;
    if (!tools || !hasRuns({ tools }) || network) return [];
    const [least] = peersOf(tools).sort((a, b) => compare(a.summary, b.summary));
    const floor = summarize(tools["floor"]);
    return [[
      title,
      floor ? show(floor) : "",
      least ? `${show(least.summary)} ${least.name}` : "",
      ...HOSTS.map((host) => {
        const summary = summarize(tools[host]);
        return summary ? show(summary) : "";
      }),
    ]];
  });
  return toTable(["scenario", "floor", "best peer", ...HOSTS], rows);
}

interface Peer {
  readonly name: string;
  readonly summary: Summary;
}

function peersOf(tools: ScenarioResult["tools"]): Peer[] {
  return TOOLS.flatMap(({ name, kind }) => {
    const summary = kind === "peer" ? summarize(tools[name]) : undefined;
    return summary ? [{ name, summary }] : [];
  });
}

/** The fastest peer. */
function findBest(tools: ScenarioResult["tools"]): Peer | undefined {
  return peersOf(tools).sort((a, b) => a.summary.medianSeconds - b.summary.medianSeconds)[0];
}

function countOf({ source, destination }: Summary): number {
  return source + destination;
}

function requestsOf(summary: Summary | undefined): string {
  if (!summary) return "";
  return summary.source === 0
    ? `${summary.destination}`
    : `${summary.source} + ${summary.destination}`;
}

function seconds(value: number | undefined): string {
  if (value === undefined) return "";
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

function ratio(value: number | undefined, base: number | undefined): string {
  return value === undefined || !base ? "" : (value / base).toFixed(2);
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").slice(0, 80).replaceAll("|", "\\|");
}

/** A table as `deno fmt` formats it. */
function toTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, i) =>
    Math.max(title.length, 3, ...rows.map((row) => (row[i] ?? "").length))
  );
  const toRow = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (cells[i] ?? "").padEnd(width)).join(" | ")} |`;
  const line = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [toRow(header), line, ...rows.map(toRow)].join("\n");
}
