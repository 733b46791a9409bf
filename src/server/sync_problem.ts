import { CrossdockError } from "../errors.ts";
import { toProblem } from "../problem.ts";
import type { Problem } from "../problem.ts";
import type { SyncFailure, SyncReport } from "../sync/model.ts";

/** The problem of a run whose response has one status for all rules. */
export interface SyncProblem extends Problem {
  readonly report: SyncReport;
}

/** Returns the problem of a run with failed or postponed images, `undefined` if there are none. */
export function toSyncProblem(report: SyncReport, now: number): SyncProblem | undefined {
  if (report.result === "ok") return undefined;
  const problem = toProblem(
    report.result === "postponed" ? postponed(report, now) : failed(report),
  );
  return { ...problem, report };
}

function failed({ rules }: SyncReport): CrossdockError {
  const images = rules.flatMap(({ tags, pruned }) => [...tags, ...pruned]);
  const failures = images.filter(({ result }) => result === "failed");
  const codes = new Set(failures.map(({ error }) => error?.code));
  const { destination = "", error }: { destination?: string; error?: SyncFailure } = failures[0] ??
    {};
  // Failures of different kinds have no status in common.
  const code = codes.size === 1 && error ? error.code : "registry";
  return new CrossdockError(
    code,
    `${failures.length} of ${images.length} images failed; the first is ${destination}` +
      (error ? `: ${error.message}` : ""),
    { side: error?.side, hint: error?.hint },
  );
}

function postponed({ rules }: SyncReport, now: number): CrossdockError {
  const until = Math.max(...rules.map(({ postponedUntil = now }) => postponedUntil));
  return new CrossdockError(
    "rate_limited",
    `a rate limit postponed ${rules.filter(({ result }) => result === "postponed").length} rules`,
    {
      retryAfterMs: until - now,
      hint: "run the rules again later: images that are at the target are not copied again",
    },
  );
}
