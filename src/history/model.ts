/** The data of the history: which runs there were, why, and with which results. Plain JSON without secrets. */
import type { RequestCounts } from "../copy/model.ts";
import type { Problem } from "../problem.ts";
import type { PruneReport, TagReport } from "../sync/model.ts";

/** Why something ran. */
export interface RunCause {
  /**
   * `schedule`: a time of the rule's schedule; `start`: the start of the server; `hook`: a webhook; `call`: a caller of the API;
   * `workflow`: a Workflow that runs the whole rule, for its schedule or a caller.
   */
  readonly by: "schedule" | "start" | "hook" | "call" | "workflow";
  /** The name of the webhook. */
  readonly hook?: string | undefined;
  /** The name of the caller's token. */
  readonly token?: string | undefined;
  /** The id of the caller's request, which the log has as well. */
  readonly requestId?: string | undefined;
}

/** What ran: a rule, or one copy. */
export interface RunSubject {
  /** The name of the rule. Absent for a copy. */
  readonly rule?: string | undefined;
  /** The source of a copy. */
  readonly source?: string | undefined;
  /** The destination of a copy. */
  readonly destination?: string | undefined;
  /** The part of the rule that ran: `registry/repository[:tag]`. Default: the whole rule. */
  readonly only?: string | undefined;
  /** Whether only tags that a target lacked were copied. */
  readonly missing?: boolean | undefined;
}

/**
 * The state of a run. `running` has not ended, and may wait until `postponedUntil`. `failed` and `aborted` ended without a report;
 * the other states are the result of the report.
 */
export type RunState =
  | "running"
  | "ok"
  | "some-failed"
  | "all-failed"
  | "postponed"
  | "failed"
  | "aborted";

export const RUN_STATES = [
  "running",
  "ok",
  "some-failed",
  "all-failed",
  "postponed",
  "failed",
  "aborted",
] as const satisfies readonly RunState[];

/** A run without its details. */
export interface RunSummary extends RunCause, RunSubject {
  /** Later runs have greater ids. */
  readonly id: string;
  /** Whether it has ended, and how. */
  readonly state: RunState;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds. Absent while the run is running. */
  readonly durationMs?: number | undefined;
  /** The number of tags by result. */
  readonly counts?: Readonly<Record<string, number>> | undefined;
  /** The number of tags by the result of prune. */
  readonly pruneCounts?: Readonly<Record<string, number>> | undefined;
  /** Bytes of blobs that were sent to destinations. */
  readonly bytesStreamed?: number | undefined;
  /** Requests to both sides. */
  readonly requests?: RequestCounts | undefined;
  /** Milliseconds since the epoch: a rate limit postponed the rest. */
  readonly postponedUntil?: number | undefined;
  /** The first failure in words, cut after 200 characters. */
  readonly failure?: string | undefined;
}

/** A run with its details. */
export interface RunRecord extends RunSummary {
  /** The body that repeats the run: for `POST /v1/syncs` if there is a `rule`, otherwise for `POST /v1/copies`. */
  readonly request: Readonly<Record<string, unknown>>;
  /** Results of tags: failures first, unchanged tags last. */
  readonly tags: readonly TagReport[];
  /** Tags that the rule no longer selects: failures first. */
  readonly pruned: readonly PruneReport[];
  /** What could not be checked or copied as the rule says. */
  readonly warnings: readonly string[];
  /** Whether tags or warnings are left out, because the record has a limited size. `counts` counts all of them. */
  readonly truncated: boolean;
  /** Why the run ended without a report. */
  readonly problem?: Problem | undefined;
}

/** Where runs are kept, and for how long. */
export interface HistoryStatus {
  /** `memory`: until the server stops; `file`: also in `CROSSDOCK_HISTORY_FILE`; `kv`: in a KV namespace; `none`: nowhere. */
  readonly kept: "memory" | "file" | "kv" | "none";
  /** What the history has and lacks. */
  readonly note: string;
}

/** The runs of the history, newest first. */
export interface RunList {
  /** A page of them. */
  readonly runs: readonly RunSummary[];
  /** The value of `cursor` for the next page. Absent on the last page. */
  readonly next?: string | undefined;
  /** Where runs are kept. */
  readonly history: HistoryStatus;
}

export interface RunQuery {
  /** The most runs of a page. A page with a filter may have fewer, although another one follows. */
  readonly limit: number;
  /** `next` of the previous page. Default: the newest runs. */
  readonly cursor?: string | undefined;
  readonly rules?: readonly string[] | undefined;
  readonly states?: readonly RunState[] | undefined;
}

/** A store of runs: in memory, or in a KV namespace. */
export interface RunHistory {
  readonly status: HistoryStatus;
  /** Makes the id of a run that starts now, and shows the run as running if the store can. */
  begin(run: Omit<RunSummary, "id" | "state"> & Pick<RunRecord, "request">): string;
  /** Shows until when a running run waits for a rate limit. */
  postpone?(id: string, until: number): void;
  /** Stores a run that has ended. It may throw. */
  save(run: RunRecord): void | Promise<void>;
  /** @throws RequestError `usage` for a cursor that is not valid */
  list(query: RunQuery): Promise<Pick<RunList, "runs" | "next">>;
  /** Resolves to `undefined` if there is no such run, or no longer. */
  get(id: string): Promise<RunRecord | undefined>;
}
