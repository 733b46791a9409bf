import type { Bounds, Budget, BudgetWay, Fit, Need } from "../../budget/model.ts";
import { PAID_USD_PER_MONTH, PLATFORMS } from "../../budget/platforms.ts";
import type { NeedName, PlatformName } from "../../budget/platforms.ts";
import { ADVICE, NOT_COUNTED, SOURCES, UNCONFIRMED } from "../../budget/texts.ts";
import { formatBytes } from "./format.ts";

const TITLES: Readonly<Record<PlatformName, string>> = {
  "workers-free": "Cloudflare Workers, free plan",
  "workers-paid": `Cloudflare Workers, paid plan ($${PAID_USD_PER_MONTH} a month)`,
  "deno-deploy": "Deno Deploy, free plan",
};

const WAYS = { inline: "in one request", durable: "as a Workflow" } as const;

const FITS: Readonly<Record<Fit, string>> = { yes: "fits", perhaps: "may fit", no: "does not fit" };

const LABELS: Readonly<Record<NeedName, string>> = {
  invocations: "invocations of the server",
  subrequests: "requests to registries",
  subrequestsPerInvocation: "  in one invocation",
  workflowCalls: "calls of the Workflow",
  steps: "steps of the Workflow",
  cpuMs: "CPU time",
  cpuMsPerInvocation: "  in one invocation",
  egressBytes: "bytes sent",
};

const EXPLANATIONS = {
  invocation: "An invocation is one run of the server's code, for one request.",
  durable:
    "As a Workflow, the copy is durable: each of its steps has a request of its own, and it continues without its caller.",
  waits:
    "A Workflow that has no calls left waits for six minutes and then continues, so the copy takes longer.",
  bounds:
    "Two numbers are at least and at most: the registries decide whether they mount a blob, redirect a download, and require " +
    "a token. Retries are not counted. CPU time is an estimate.",
};

/** A budget as lines: the result, a table with a column for each way, prices, and what to change. */
export function formatBudget(budget: Budget): string[] {
  const { platform, ways, advice, asOf } = budget;
  const names = (Object.keys(LABELS) as NeedName[])
    .filter((name) => ways.some(({ needs }) => needs[name].atMost > 0))
    // With one invocation, these repeat the row above.
    .filter((name) => ways.length > 1 || !name.endsWith("PerInvocation"));
  return [
    "",
    `budget     ${TITLES[platform]}: ${
      ways.map(({ way, fits }) => `${FITS[fits]} ${WAYS[way]}`).join("; ")
    }`,
    "",
    ...toColumns([
      ["", ...ways.map(({ way }) => WAYS[way]), "limit"],
      ...names.map((name) => [
        LABELS[name],
        ...ways.map(({ needs, exceeds }) => formatNeed(name, needs[name], exceeds.includes(name))),
        formatLimit(name, ways, platform),
      ]),
      ["copies like this included", ...ways.map(formatIncluded), ""],
      ["price of 1,000 more", ...ways.map((way) => formatPrice(way, platform)), ""],
    ]),
    ...(ways.some(({ exceeds }) => exceeds.length > 0)
      ? ["  * above the limit, or perhaps above it"]
      : []),
    "",
    EXPLANATIONS.invocation,
    ...(ways.length > 1 ? [EXPLANATIONS.durable] : []),
    EXPLANATIONS.bounds,
    ...(ways.some(({ exceeds }) => exceeds.includes("workflowCalls")) ? [EXPLANATIONS.waits] : []),
    ...(advice.length > 0 ? ["", "to change", ...advice.map((name) => `- ${ADVICE[name]}`)] : []),
    ...NOT_COUNTED[platform].map((text) => `not counted: ${text}`),
    "",
    `limits and prices as of ${asOf}:`,
    ...SOURCES[platform].map((page) => `  ${page}`),
    ...UNCONFIRMED[platform].map((text) => `not confirmed: ${text}`),
  ];
}

function toColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ")}`.trimEnd()
  );
}

function formatNeed(name: NeedName, need: Need, isExceeded: boolean): string {
  if (need.atMost === 0) return "-";
  return `${formatBounds(need, (amount) => formatAmount(name, amount))}${isExceeded ? " *" : ""}`;
}

function formatBounds({ atLeast, atMost }: Bounds, format: (amount: number) => string): string {
  const [low, high] = [format(atLeast), format(atMost)];
  return low === high ? low : `${low} to ${high}`;
}

function formatAmount(name: NeedName, amount: number): string {
  if (name === "egressBytes") return formatBytes(amount);
  return name.startsWith("cpuMs") ? formatTime(amount) : formatNumber(amount);
}

function formatTime(ms: number): string {
  if (ms < 1000) return `${Math.ceil(ms)} ms`;
  return ms < 3_600_000
    ? `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
    : `${Math.round(ms / 3_600_000)} h`;
}

function formatNumber(amount: number): string {
  return amount.toLocaleString("en-US");
}

function formatLimit(
  name: NeedName,
  [way]: readonly BudgetWay[],
  platform: PlatformName,
): string {
  const limit = way?.needs[name].limit;
  if (limit === undefined) return "";
  const { included } = PLATFORMS[platform];
  return `${formatAmount(name, limit)}${limit === included[name] ? ` a ${included.per}` : ""}`;
}

function formatIncluded({ included: { copies, per } }: BudgetWay): string {
  return `${formatBounds(copies, formatNumber)} a ${per}`;
}

function formatPrice({ usd }: BudgetWay, platform: PlatformName): string {
  if (platform === "workers-free") return "not sold";
  return `$${formatBounds(usd, (price) => (price * 1000).toFixed(2)).replace("to ", "to $")}`;
}
