/** Makes the record of a run, with a limited size. */
import type { Report } from "../copy/model.ts";
import { CopyFailure } from "../durable/copy_failure.ts";
import { boundProblem, toProblem } from "../problem.ts";
import type { PruneReport, RuleReport, TagReport } from "../sync/model.ts";
import type { RunRecord, RunSummary } from "./model.ts";

/** A run before its result is known. */
export type StartedRun = Omit<RunSummary, "state"> & Pick<RunRecord, "request">;

/** What a run ended with. */
export type RunEnd = { readonly report: RuleReport | Report } | { readonly error: unknown };

/** The most UTF-16 units of each part, as JSON. A run of 100 000 tags takes no more, and one that changed nothing a tenth of it. */
const MAX_FAILED = 48 * 1024;
const MAX_CHANGED = 32 * 1024;
const MAX_UNCHANGED = 8 * 1024;
const MAX_WARNINGS = 8 * 1024;

/** The most items of each part. Each takes 50 characters or more. */
const MAX_ITEMS = 1000;

const MAX_FAILURE_CHARS = 200;

/** Makes the record of a run that has ended. Reports stay as they are; only their number is limited. */
export function toRunRecord(run: StartedRun, end: RunEnd, now: number): RunRecord {
  // A clock that was set back in the meantime makes no negative duration.
  const durationMs = Math.max(0, now - run.startedAt);
  if ("error" in end) {
    const { error } = end;
    const problem = boundProblem(error instanceof CopyFailure ? error.problem : toProblem(error));
    return {
      ...run,
      ...NO_DETAILS,
      state: problem.code === "aborted" ? "aborted" : "failed",
      durationMs,
      failure: cut(problem.detail),
      problem,
    };
  }
  const { tags, pruned, warnings, result, requests, postponedUntil } = toRuleReport(
    run,
    end.report,
  );
  const details = {
    tags: bound(tags, rankTag),
    pruned: bound(pruned, ({ result }) => result === "failed" ? 0 : 1),
    warnings: take(warnings, MAX_WARNINGS),
  };
  const failed = [...tags, ...pruned].find(({ result }) => result === "failed");
  return {
    ...run,
    ...details,
    state: result,
    durationMs,
    counts: countResults(tags),
    pruneCounts: pruned.length > 0 ? countResults(pruned) : undefined,
    bytesStreamed: tags.reduce((sum, { report }) => sum + (report?.bytesStreamed ?? 0), 0),
    requests,
    postponedUntil,
    failure: failed?.error && cut(failed.error.message),
    truncated: details.tags.length < tags.length || details.pruned.length < pruned.length ||
      details.warnings.length < warnings.length,
  };
}

/** The details of a run without a report. */
export const NO_DETAILS = { tags: [], pruned: [], warnings: [], truncated: false } as const;

/** A copy is recorded as the only tag of a rule. */
function toRuleReport(
  { source = "", destination = "" }: StartedRun,
  report: RuleReport | Report,
): Omit<RuleReport, "rule" | "durationMs"> {
  if ("tags" in report) return report;
  const { result, digest, warnings, requests } = report;
  const tag = { source, destination, result, digest, report: { ...report, warnings: [] } };
  return { result: "ok", tags: [tag], pruned: [], warnings, requests };
}

/** Removes the details of a record. */
export function toSummary(
  { request: _, tags: __, pruned: ___, warnings: ____, truncated: _____, problem: ______, ...rest }:
    RunRecord,
): RunSummary {
  return rest;
}

/** How often each result occurs. Tags that are unchanged according to the remembered state are counted separately. */
export type ResultCounts<Result extends string> = Partial<Record<Result | "remembered", number>>;

/** Counts results of any kind. */
export function countResults<Result extends string>(
  items: readonly { readonly result: Result; readonly remembered?: boolean | undefined }[],
): ResultCounts<Result> {
  const counts: ResultCounts<Result> = {};
  for (const { result, remembered } of items) {
    const counted = remembered ? "remembered" : result;
    counts[counted] = (counts[counted] ?? 0) + 1;
  }
  return counts;
}

function rankTag({ result, error }: TagReport): number {
  if (result === "failed" || error) return 0;
  return result === "unchanged" ? 2 : 1;
}

/** Sorts items by rank, and takes as many of each rank as fit. */
function bound<Item extends TagReport | PruneReport>(
  items: readonly Item[],
  rank: (item: Item) => number,
): Item[] {
  return [MAX_FAILED, MAX_CHANGED, MAX_UNCHANGED].flatMap((most, i) =>
    take(items.filter((item) => rank(item) === i), most)
  );
}

function take<Item>(items: readonly Item[], most: number): Item[] {
  let left = most;
  // One that is too long does not hide those after it. More than these never fit.
  return items.slice(0, MAX_ITEMS).filter((item) => {
    const size = JSON.stringify(item).length;
    const fits = size <= left;
    if (fits) left -= size;
    return fits;
  });
}

function cut(text: string): string {
  return text.length > MAX_FAILURE_CHARS ? `${text.slice(0, MAX_FAILURE_CHARS)}…` : text;
}
