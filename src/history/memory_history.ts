/** Keeps the last runs in memory, limited in number and in bytes: for hosts whose process runs until it is stopped. */
import type {
  HistoryStatus,
  RunHistory,
  RunList,
  RunQuery,
  RunRecord,
  RunSummary,
} from "./model.ts";
import { makeRunId, RUN_ID, timeOfRun } from "./run_id.ts";
import { invalidCursor, isWanted } from "./run_query.ts";
import { NO_DETAILS, toSummary } from "./run_record.ts";
import type { StartedRun } from "./run_record.ts";

const MAX_RUNS = 1000;
const MAX_BYTES = 8 * 1024 * 1024;

export interface MemoryHistoryOptions {
  /** Runs of earlier processes, in any order. Default: none. */
  readonly runs?: readonly RunRecord[];
  /** Stores the JSON of a run that has ended, a line without its end. It may throw. Default: it is kept in memory only. */
  readonly write?: (line: string) => void;
  /** Default: memory. */
  readonly status?: HistoryStatus;
  readonly maxRuns?: number;
  readonly maxBytes?: number;
}

/** A run that is running, or one that has ended with the JSON of its record. */
type Entry =
  | { readonly run: RunRecord; readonly line?: never }
  | { readonly run: RunSummary; readonly line: string };

export class MemoryHistory implements RunHistory {
  readonly status: HistoryStatus;
  readonly #maxRuns: number;
  readonly #maxBytes: number;
  readonly #write: ((line: string) => void) | undefined;
  /** By id, oldest first: ids grow, and a run that ends stays in its place. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #lastTime = 0;

  constructor(options: MemoryHistoryOptions = {}) {
    const { runs = [], write, status, maxRuns = MAX_RUNS, maxBytes = MAX_BYTES } = options;
    this.status = status ?? {
      kept: "memory",
      note: `the last ${maxRuns} runs since the server started; set CROSSDOCK_HISTORY_FILE to ` +
        "keep them when it stops",
    };
    this.#maxRuns = maxRuns;
    this.#maxBytes = maxBytes;
    this.#write = write;
    for (const run of [...runs].sort((a, b) => a.id < b.id ? -1 : 1)) {
      this.#put({ run: toSummary(run), line: JSON.stringify(run) });
      this.#lastTime = timeOfRun(run.id);
    }
    this.#evict();
  }

  /** If the clock is set back, the ids continue to grow: a new run is the newest. */
  begin(run: Omit<StartedRun, "id">): string {
    this.#lastTime = Math.max(run.startedAt, this.#lastTime + 1);
    const id = makeRunId(this.#lastTime);
    this.#put({ run: { id, ...run, ...NO_DETAILS, state: "running" } });
    return id;
  }

  postpone(id: string, until: number): void {
    const entry = this.#entries.get(id);
    if (entry && entry.line === undefined) {
      this.#put({ run: { ...entry.run, postponedUntil: until } });
    }
  }

  save(run: RunRecord): void {
    const line = JSON.stringify(run);
    this.#put({ run: toSummary(run), line });
    this.#evict();
    this.#write?.(line);
  }

  list({ limit, cursor, ...filter }: RunQuery): Promise<Pick<RunList, "runs" | "next">> {
    if (cursor !== undefined && !RUN_ID.test(cursor)) throw invalidCursor();
    const found = [...this.#entries.values()].reverse().map(toListed)
      .filter((run) => (cursor === undefined || run.id < cursor) && isWanted(run, filter));
    const runs = found.slice(0, limit);
    const last = found.length > limit ? runs.at(-1) : undefined;
    return Promise.resolve({ runs, ...(last ? { next: last.id } : {}) });
  }

  get(id: string): Promise<RunRecord | undefined> {
    const entry = this.#entries.get(id);
    return Promise.resolve(entry?.line === undefined ? entry?.run : JSON.parse(entry.line));
  }

  #put(entry: Entry): void {
    const { id } = entry.run;
    this.#bytes += sizeOf(entry) - sizeOf(this.#entries.get(id));
    this.#entries.set(id, entry);
  }

  /** Drops the oldest runs, except those that are running. */
  #evict(): void {
    for (const [id, entry] of this.#entries) {
      if (this.#entries.size <= this.#maxRuns && this.#bytes <= this.#maxBytes) return;
      if (entry.line === undefined) continue;
      this.#entries.delete(id);
      this.#bytes -= sizeOf(entry);
    }
  }
}

function toListed(entry: Entry): RunSummary {
  return entry.line === undefined ? toSummary(entry.run) : entry.run;
}

/** The most bytes that a record takes in memory, with its summary. */
function sizeOf(entry: Entry | undefined): number {
  return entry?.line === undefined ? 0 : 2 * entry.line.length + 1024;
}
