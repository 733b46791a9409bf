/** Records runs in the history. A history that fails never fails a run. */
import type { CopyRequestInput } from "../copy/request.ts";
import type { Report } from "../copy/model.ts";
import { describeError } from "../log.ts";
import type { Log } from "../log.ts";
import type { RuleReport, SyncRequest } from "../sync/model.ts";
import type { RunCause, RunHistory, RunRecord, RunSubject } from "./model.ts";
import { toRunRecord } from "./run_record.ts";
import type { RunEnd, StartedRun } from "./run_record.ts";

/** What is known about a run when it starts. */
type RunAbout = RunCause & RunSubject & Pick<RunRecord, "request">;

/** Shows until when the run waits for a rate limit. */
export type Postpone = (until: number) => void;

export interface RunRecorder {
  /**
   * Runs work and records its result.
   *
   * @throws the error of the work
   */
  record<Result extends RuleReport | Report>(
    about: RunAbout,
    work: (postpone: Postpone) => Promise<Result>,
  ): Promise<Result>;
  /** Records a run that has ended: for Workflows, whose steps must not enclose each other. Absent without a history. */
  readonly save: ((run: StartedRun, end: RunEnd) => Promise<void>) | undefined;
}

export interface RecorderOptions {
  /** Default: nothing is recorded. */
  readonly history?: RunHistory | undefined;
  readonly now: () => number;
  readonly log: Log;
  /** Keeps the host alive until a run is stored. */
  readonly background?: ((job: Promise<unknown>) => void) | undefined;
}

export function createRecorder(
  { history, now, log, background = () => {} }: RecorderOptions,
): RunRecorder {
  async function save(run: StartedRun, end: RunEnd): Promise<void> {
    try {
      await history?.save(toRunRecord(run, end, now()));
    } catch (error) {
      log("warn", "run not recorded", { run: run.id, ...describeError(error) });
    }
  }
  return {
    save: history && save,
    async record<Result extends RuleReport | Report>(
      about: RunAbout,
      work: (postpone: Postpone) => Promise<Result>,
    ): Promise<Result> {
      if (!history) return await work(() => {});
      const begun = { ...about, startedAt: now() };
      const run: StartedRun = { id: history.begin(begun), ...begun };
      try {
        const report = await work((until) => history.postpone?.(run.id, until));
        background(save(run, { report }));
        return report;
      } catch (error) {
        background(save(run, { error }));
        throw error;
      }
    },
  };
}

/** The request that repeats a run of a rule. */
export function toSyncRequest({ rule = "", only, missing }: RunSubject): RunRecord["request"] {
  const request: SyncRequest = { rules: [rule], only, missing };
  return { ...request };
}

/** What ran if it is one copy. */
export function aboutCopy(request: CopyRequestInput): RunSubject & Pick<RunRecord, "request"> {
  return { source: request.source, destination: request.destination, request: { ...request } };
}
