/** Finds what `sync --strict` treats as failures: rules that copied less, or deleted less, than their author may expect. */
import type { RuleReport, RuleStatus } from "../../sync/model.ts";
import { EXIT_DIFFERENT, EXIT_DONE, exitCodeOf } from "./exit_codes.ts";
import { formatMissing } from "./format_referrers.ts";

export interface StrictFailures {
  /** One for each rule and kind. */
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** The most names in one line. */
const MAX_NAMES = 5;

export function findStrictFailures(
  rules: readonly (RuleReport | RuleStatus)[],
): StrictFailures {
  const notFound: string[] = [];
  const heldBack: string[] = [];
  const incomplete: string[] = [];
  for (const rule of rules) {
    const missing = new Set(listMissing(rule));
    const held = (rule.pruned ?? []).filter(({ result }) => result === "held-back");
    if (rule.tags.length === 0) notFound.push(`${rule.rule}: no tag of its source matches`);
    if (missing.size > 0) {
      notFound.push(`${rule.rule}: the source does not have ${listNames([...missing])}`);
    }
    if (held.length > 0) {
      const names = listNames(held.map(({ destination }) => destination));
      heldBack.push(`${rule.rule}: prune.maxShare held back ${names}`);
    }
    incomplete.push(...listIncomplete(rule));
  }
  const exitCode = notFound.length > 0
    ? exitCodeOf("not_found")
    : heldBack.length > 0
    ? exitCodeOf("limit")
    : incomplete.length > 0
    ? EXIT_DIFFERENT
    : EXIT_DONE;
  return { lines: [...notFound, ...heldBack, ...incomplete], exitCode };
}

/** One line for each image that lacks referrers or digest tags of the source, or whose referrers the source did not list. */
function listIncomplete({ rule, tags }: RuleReport | RuleStatus): string[] {
  return tags.flatMap((tag) => {
    const state = "report" in tag && tag.report?.referrerState || tag.referrerState;
    const missing = state && formatMissing(state);
    return missing === undefined ? [] : [`${rule}: ${tag.destination}: ${missing}`];
  });
}

function listMissing({ tags }: RuleReport | RuleStatus): string[] {
  const missing: string[] = [];
  for (const tag of tags) {
    const isMissing = "state" in tag ? tag.state === "not-found" : tag.result === "missing";
    if (isMissing) missing.push(tag.source);
  }
  return missing;
}

function listNames(names: readonly string[]): string {
  const more = names.length - MAX_NAMES;
  return `${names.slice(0, MAX_NAMES).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
