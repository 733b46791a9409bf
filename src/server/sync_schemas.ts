/** What `/v1/syncs` takes and gives, as schemas. */
import * as z from "zod";
import type { CopyEvent } from "../copy/model.ts";
import type { PruneReport, RuleReport, SyncFailure, TagReport } from "../sync/rule_report.ts";
import type { RuleStatus, TagStatus } from "../sync/rule_status.ts";
import type { SyncReport, SyncStatus } from "../sync/run_rules.ts";
import type { SyncEvent } from "../sync/sync_event.ts";
import { PROBLEMS, problemSchema } from "../problem.ts";
import type { StartedRule } from "../rules/rules.ts";
import { eventSchema, reportSchema, sides } from "./schemas.ts";

/** As many as a body has room for, and as long as a config allows. */
const MAX_RULES = 200;
const MAX_NAME_LENGTH = 255;

const ruleName = z.string().min(1).max(MAX_NAME_LENGTH).meta({ format: "crossdock-rule" });

export const syncBody = z.strictObject({
  rules: z.array(ruleName).max(MAX_RULES).optional().meta({
    description: "names of those to run; all of them without",
  }),
  missing: z.boolean().optional().meta({
    description: "whether only tags are copied that a target lacks. Default `false`",
  }),
  dryRun: z.boolean().optional().meta({
    description: "whether nothing is written, and said what would be. Default `false`",
  }),
}).meta({ id: "SyncRequest", description: "Which rules run, and how" });

export const syncQuery = z.strictObject({
  // One or several.
  rule: z.union([ruleName.transform((name) => [name]), z.array(ruleName)]).optional().meta({
    description: "names of those to ask about; all of them without",
  }),
});

const failure: z.ZodType<SyncFailure> = z.object({
  code: z.enum(
    Object.keys(PROBLEMS).filter((code) => code !== "internal") as SyncFailure["code"][],
  ),
  message: z.string(),
  side: z.enum(["source", "destination"]).exactOptional(),
  hint: z.string().exactOptional(),
}).meta({ id: "SyncFailure", description: "Why something did not come about" });

const digest = z.string();

const tagReport: z.ZodType<TagReport> = z.object({
  source: z.string(),
  destination: z.string(),
  result: z.enum([
    "copied",
    "unchanged",
    "skipped",
    "failed",
    "missing",
    "too-fresh",
    "put-off",
    "started",
    "would-copy",
  ]).meta({
    description:
      "`missing`: the rule names the tag and the source does not have it; `too-fresh`: younger than the rule's `minAge`; " +
      "`put-off`: a limit of the source's would have been passed; `started`: a durable copy of it goes on by itself; " +
      "`would-copy`: of a dry run",
  }),
  digest: digest.exactOptional().meta({ description: "what the destination has, or will have" }),
  report: reportSchema.exactOptional(),
  error: failure.exactOptional(),
  id: z.string().exactOptional().meta({ description: "of a durable copy" }),
}).meta({ id: "TagReport", description: "How one image of a rule ended, at one target" });

const pruneReport: z.ZodType<PruneReport> = z.object({
  destination: z.string(),
  result: z.enum(["deleted", "would-delete", "failed"]),
  error: failure.exactOptional(),
}).meta({ id: "PruneReport", description: "What became of a tag that its rule does not select" });

const result = z.enum(["ok", "some-failed", "all-failed", "put-off"]);
const durationMs = z.number().nonnegative().meta({ description: "milliseconds" });

const ruleReport: z.ZodType<RuleReport> = z.object({
  rule: z.string(),
  result,
  tags: z.array(tagReport),
  pruned: z.array(pruneReport),
  requests: sides,
  durationMs,
  warnings: z.array(z.string()),
  putOffUntil: z.number().exactOptional().meta({
    description: "milliseconds since the epoch: what is left is for a run after that",
  }),
}).meta({ id: "RuleReport", description: "How a run of a rule ended" });

export const syncReportSchema: z.ZodType<SyncReport> = z.object({
  result,
  rules: z.array(ruleReport),
  durationMs,
}).meta({ id: "SyncReport", description: "What came of the rules" });

const tagStatus: z.ZodType<TagStatus> = z.object({
  source: z.string(),
  destination: z.string(),
  state: z.enum(["in-step", "behind", "missing", "error"]),
  digest: digest.exactOptional().meta({ description: "the source's" }),
  current: digest.exactOptional().meta({ description: "the target's, where that differs" }),
  error: failure.exactOptional(),
}).meta({ id: "TagStatus", description: "How one image of a rule stands, at one target" });

const ruleStatus: z.ZodType<RuleStatus> = z.object({
  rule: z.string(),
  state: z.enum(["in-step", "behind", "error"]).meta({
    description: "`error`: something could not be found out; `behind`: some tags are, or missing",
  }),
  tags: z.array(tagStatus),
  requests: sides,
}).meta({ id: "RuleStatus", description: "How a rule stands" });

export const syncStatusSchema: z.ZodType<SyncStatus> = z.object({
  state: z.enum(["in-step", "behind", "error"]),
  rules: z.array(ruleStatus),
}).meta({ id: "SyncStatus", description: "How the rules stand, as the registries say now" });

/** Runs that go on without their caller. */
export interface StartedSync {
  readonly rules: readonly StartedRule[];
}

export const startedSyncSchema: z.ZodType<StartedSync> = z.object({
  rules: z.array(z.object({ rule: z.string(), id: z.string() })),
}).meta({ id: "StartedSync", description: "Runs that go on without their caller" });

/** What a stream of events of a sync has besides those of its rules. */
export type SyncStreamEvent =
  | SyncEvent
  | { type: "heartbeat" }
  | { type: "report"; report: SyncReport }
  | { type: "error"; problem: z.output<typeof problemSchema> };

const rule = z.string();

export const syncEventSchema: z.ZodType<SyncStreamEvent> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("rule-started"), rule }),
  z.object({
    type: z.literal("copy"),
    rule,
    source: z.string(),
    destination: z.string(),
    event: eventSchema as z.ZodType<CopyEvent>,
  }).meta({ description: "something happened to one of the copies" }),
  z.object({ type: z.literal("tag-ended"), rule, tag: tagReport }),
  z.object({ type: z.literal("prune-ended"), rule, pruned: pruneReport }),
  z.object({ type: z.literal("warning"), rule, message: z.string() }),
  z.object({ type: z.literal("rule-ended"), report: ruleReport }),
  z.object({ type: z.literal("heartbeat") }).meta({ description: "nothing else happened for 5 s" }),
  z.object({ type: z.literal("report"), report: syncReportSchema }).meta({
    description: "all rules have run; always the last, also where some of them failed",
  }),
  z.object({ type: z.literal("error"), problem: problemSchema }).meta({
    description: "the run was given up; always the last",
  }),
]).meta({
  id: "SyncEvent",
  description: "What happens while rules run; the last one is `report` or `error`",
});
