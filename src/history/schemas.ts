/** Schemas of the history. The client checks answers with them, and the OpenAPI document describes them. */
import * as z from "zod";
import { requestsSchema } from "../copy/schemas.ts";
import { problemSchema } from "../problem_schema.ts";
import { schemaFor } from "../schema.ts";
import { pruneReportSchema, tagReportSchema } from "../sync/schemas.ts";
import { RUN_STATES } from "./model.ts";
import type { HistoryStatus, RunList, RunRecord, RunSummary } from "./model.ts";

const summary = {
  id: z.string().meta({ description: "later runs have greater ids" }),
  by: z.enum(["schedule", "start", "hook", "call", "workflow"]).meta({
    description: "`schedule`: a time of the rule's schedule; `start`: the start of the server; " +
      "`hook`: a webhook; `call`: a caller of the API; `workflow`: a Workflow that runs the whole " +
      "rule, for its schedule or a caller",
  }),
  hook: z.string().optional().meta({ description: "the name of the webhook" }),
  token: z.string().optional().meta({ description: "the name of the caller's token" }),
  requestId: z.string().optional().meta({
    description: "the id of the caller's request, which the log has as well",
  }),
  rule: z.string().optional().meta({ description: "absent for a copy" }),
  source: z.string().optional().meta({ description: "the source of a copy" }),
  destination: z.string().optional().meta({ description: "the destination of a copy" }),
  only: z.string().optional().meta({
    description: "the part of the rule that ran: `registry/repository[:tag]`",
  }),
  missing: z.boolean().optional().meta({
    description: "whether only tags that a target lacked were copied",
  }),
  state: z.enum(RUN_STATES).meta({
    description: "`running`: it has not ended, and may wait until `postponedUntil`; `failed` and " +
      "`aborted`: it ended without a report; otherwise the result of the report",
  }),
  startedAt: z.number().meta({ description: "milliseconds since the epoch" }),
  durationMs: z.number().nonnegative().optional().meta({
    description: "milliseconds; absent while the run is running",
  }),
  counts: z.record(z.string(), z.number()).optional().meta({
    description: "the number of tags by result",
  }),
  pruneCounts: z.record(z.string(), z.number()).optional().meta({
    description: "the number of tags by the result of prune",
  }),
  bytesStreamed: z.number().optional().meta({
    description: "bytes of blobs that were sent to destinations",
  }),
  requests: requestsSchema.optional(),
  postponedUntil: z.number().optional().meta({
    description: "milliseconds since the epoch: a rate limit postponed the rest",
  }),
  failure: z.string().optional().meta({
    description: "the first failure in words, cut after 200 characters",
  }),
};

export const runSummarySchema = schemaFor<RunSummary>()(
  z.object(summary).meta({ id: "RunSummary", description: "A run without its details" }),
);

export const runRecordSchema = schemaFor<RunRecord>()(
  z.object({
    ...summary,
    request: z.record(z.string(), z.unknown()).meta({
      description: "the body that repeats the run: for `POST /v1/syncs` if there is a `rule`, " +
        "otherwise for `POST /v1/copies`",
    }),
    tags: z.array(tagReportSchema).meta({
      description: "failures first, unchanged tags last",
    }),
    pruned: z.array(pruneReportSchema).meta({ description: "failures first" }),
    warnings: z.array(z.string()),
    truncated: z.boolean().meta({
      description: "whether tags or warnings are left out, because the record has a limited " +
        "size; `counts` counts all of them",
    }),
    problem: problemSchema.optional().meta({
      description: "why the run ended without a report",
    }),
  }).meta({ id: "Run", description: "A run with its details" }),
);

export const historyStatusSchema = schemaFor<HistoryStatus>()(
  z.object({
    kept: z.enum(["memory", "file", "kv", "none"]).meta({
      description: "`memory`: until the server stops; `file`: also in `CROSSDOCK_HISTORY_FILE`; " +
        "`kv`: in a KV namespace; `none`: nowhere",
    }),
    note: z.string().meta({ description: "what the history has and lacks" }),
  }).meta({ id: "HistoryStatus", description: "Where runs are kept, and for how long" }),
);

export const runListSchema = schemaFor<RunList>()(
  z.object({
    runs: z.array(runSummarySchema),
    next: z.string().optional().meta({
      description: "the value of `cursor` for the next page; absent on the last page",
    }),
    history: historyStatusSchema,
  }).meta({ id: "RunList", description: "Runs, newest first" }),
);
