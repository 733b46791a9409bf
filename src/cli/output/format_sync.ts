/** Formats reports and states of rules, with one line per tag and target so that the output can be searched. */
import type { ReferrerState } from "../../copy/model.ts";
import type {
  PruneReport,
  RuleReport,
  RuleStatus,
  SyncFailure,
  SyncStatus,
  TagReport,
  TagStatus,
} from "../../sync/model.ts";
import { formatDuration, shortDigest } from "./format.ts";
import { formatMissing } from "./format_referrers.ts";

/** As wide as the longest of the results, `would-delete`. */
const WIDTH = 14;

/** `copied        docker.io/library/alpine:3 -> registry.example/alpine:3  sha256:0123456789ab` */
export function formatTagReport(tag: TagReport): string {
  const { source, destination, result, digest, remembered, error, id } = tag;
  const missing = formatIncomplete(tag.report?.referrerState ?? tag.referrerState);
  const more = error
    ? `: ${formatFailure(error)}`
    : id !== undefined
    ? `  ${id}`
    : digest === undefined
    ? ""
    : `  ${shortDigest(digest)}${remembered ? "  (remembered)" : ""}`;
  return `${result.padEnd(WIDTH)}${source} -> ${destination}${more}${missing}`;
}

function formatIncomplete(state: ReferrerState | undefined): string {
  const missing = state && formatMissing(state);
  return missing === undefined ? "" : `, ${missing}`;
}

export function formatPruneReport({ destination, result, error }: PruneReport): string {
  return `${result.padEnd(WIDTH)}${destination}${error ? `: ${formatFailure(error)}` : ""}`;
}

function formatTagStatus(
  { source, destination, state, digest, current, error, referrerState }: TagStatus,
): string {
  const more = error
    ? `: ${formatFailure(error)}`
    : digest === undefined
    ? ""
    : `  ${shortDigest(digest)}${current === undefined ? "" : `, has ${shortDigest(current)}`}`;
  const missing = formatIncomplete(referrerState);
  return `${state.padEnd(WIDTH)}${source} -> ${destination}${more}${missing}`;
}

/** `source: get manifest: 503` */
export function formatFailure({ side, message }: SyncFailure): string {
  return `${side ? `${side}: ` : ""}${message}`;
}

/** The results of a rule's run, complete or stopped. */
export type RuleResults = Pick<RuleReport, "tags" | "pruned">;

/** `3 copied, 10 unchanged, 1 failed`; deleted tags come last. */
export function formatCounts(rules: readonly RuleResults[]): string {
  const tags = countBy(
    rules.flatMap(({ tags }) =>
      tags.map(({ result, remembered }) => remembered ? `${result} (remembered)` : result)
    ),
  );
  const pruned = countBy(
    rules.flatMap(({ pruned }) =>
      pruned.map(({ result }) => result === "failed" ? "not deleted" : result)
    ),
  );
  return [...tags, ...pruned].join(", ") || "no tags";
}

/** The summary at the end of a run. */
export function formatSyncSummary(rules: readonly RuleReport[], durationMs: number): string[] {
  const requests = rules.map(({ requests }) => requests);
  const source = requests.reduce((sum, { source }) => sum + source, 0);
  const destination = requests.reduce((sum, { destination }) => sum + destination, 0);
  const failed = rules.filter(({ result }) => result === "some-failed" || result === "all-failed");
  return [
    ...rules.flatMap(formatPostponed),
    ...(failed.length > 0 ? [line("failed", failed.map(({ rule }) => rule).join(", "))] : []),
    ...rules.filter(({ tags }) => tags.length === 0).map(formatNoTags),
    line("tags", formatCounts(rules)),
    line("requests", `${source} to sources, ${destination} to targets`),
    line("time", formatDuration(durationMs)),
  ];
}

function formatPostponed({ rule, result, postponedUntil }: RuleReport): string[] {
  if (result !== "postponed" && postponedUntil === undefined) return [];
  const until = postponedUntil === undefined
    ? ""
    : ` until ${new Date(postponedUntil).toISOString()}`;
  return [line("postponed", `${rule}${until}`)];
}

/** The state of each tag, grouped by rule, then the counts. */
export function formatSyncStatus({ rules }: SyncStatus): string[] {
  return [
    ...rules.flatMap(({ rule, tags, pruned = [] }: RuleStatus) => [
      formatRule(rule),
      ...tags.map(formatTagStatus),
      ...pruned.map(formatPruneReport),
    ]),
    "",
    ...rules.filter(({ tags }) => tags.length === 0).map(formatNoTags),
    line("tags", countStates(rules).join(", ") || "no tags"),
  ];
}

function countStates(rules: readonly RuleStatus[]): string[] {
  const tags = countBy(rules.flatMap(({ tags }) => tags.map(({ state }) => state)));
  const pruned = countBy(
    rules.flatMap(({ pruned = [] }) => pruned.map(({ result }) => result)),
  );
  return [...tags, ...pruned];
}

function formatNoTags({ rule }: Pick<RuleReport, "rule">): string {
  return line("no tags", rule);
}

/** The heading of a rule's lines. */
export function formatRule(name: string): string {
  return line("rule", name);
}

function line(word: string, text: string): string {
  return `${word.padEnd(WIDTH)}${text}`;
}

function countBy(words: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`);
}
