/** Keeps runs in a KV namespace: a Worker cannot list the instances of its Workflows. */
import { RUN_STATES } from "../history/model.ts";
import type { RunHistory, RunList, RunRecord, RunSummary } from "../history/model.ts";
import { makeRunId, timeOfRun } from "../history/run_id.ts";
import { invalidCursor, isWanted } from "../history/run_query.ts";
import { toSummary } from "../history/run_record.ts";

/** The methods of a KV namespace that are used here. */
export interface KvBinding {
  get(key: string, type: "json"): Promise<unknown>;
  put(
    key: string,
    value: string,
    options: { metadata: unknown; expirationTtl: number },
  ): Promise<void>;
  list(options: { prefix: string; limit: number; cursor?: string | null }): Promise<{
    readonly keys: readonly { readonly metadata?: unknown }[];
    readonly list_complete: boolean;
    readonly cursor?: string;
  }>;
}

const PREFIX = "run/";
const KEPT_SECONDS = 90 * 24 * 60 * 60;

/** https://developers.cloudflare.com/kv/platform/limits/ */
const MAX_METADATA_BYTES = 1024;

/** Names are ASCII, and those of registries and repositories rarely longer. */
const MAX_ONLY_CHARS = 400;

/** KV lists keys in ascending order, so the key of a newer run has to be smaller. */
const LAST_TIME = 36 ** 9 - 1;

function keyOf(id: string): string {
  return PREFIX + makeRunId(LAST_TIME - timeOfRun(id), id.slice(-8));
}

export function createKvHistory(kv: KvBinding): RunHistory {
  return {
    status: {
      kept: "kv",
      note: "runs that ended in the last 90 days, listed after up to a minute",
    },
    begin: ({ startedAt }) => makeRunId(startedAt),
    async save(run): Promise<void> {
      await kv.put(keyOf(run.id), JSON.stringify(run), {
        metadata: toMetadata(toSummary(run)),
        expirationTtl: KEPT_SECONDS,
      });
    },
    async list({ limit, cursor, ...filter }): Promise<Pick<RunList, "runs" | "next">> {
      const { keys, ...page } = await kv.list({ prefix: PREFIX, limit, cursor: cursor ?? null })
        .catch((error) => {
          throw cursor === undefined ? error : invalidCursor();
        });
      const runs = keys.map(({ metadata }) => metadata).filter(isRun)
        .filter((run) => isWanted(run, filter));
      return { runs, ...(page.list_complete || !page.cursor ? {} : { next: page.cursor }) };
    },
    async get(id): Promise<RunRecord | undefined> {
      const run = await kv.get(keyOf(id), "json");
      return isRun(run) ? run as RunRecord : undefined;
    },
  };
}

/** Whether this history has written it. The namespace may be used for something else as well. */
function isRun(value: unknown): value is RunSummary {
  if (typeof value !== "object" || value === null) return false;
  const { id, by, state, startedAt } = value as Partial<RunSummary>;
  return typeof id === "string" && typeof by === "string" && typeof startedAt === "number" &&
    RUN_STATES.some((known) => known === state);
}

/** Drops what a list can do without, if the metadata would be too long. */
function toMetadata(run: RunSummary): RunSummary {
  const isShort = new TextEncoder().encode(JSON.stringify(run)).length <= MAX_METADATA_BYTES;
  if (isShort) return run;
  const { id, by, rule, state, startedAt, durationMs, postponedUntil } = run;
  // A run of a part must not look like one of the whole rule. The whole name is in the record.
  const only = run.only?.slice(0, MAX_ONLY_CHARS);
  return { id, by, rule, state, startedAt, durationMs, postponedUntil, only };
}
