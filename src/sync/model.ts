/**
 * The data of a sync, as schemas with their types: reports, statuses and events of rules. Plain JSON without secrets. The API
 * answers with it, the client checks it, and the OpenAPI document describes it.
 */
import * as z from "zod";
import { copyEventSchema, reportSchema, requestsSchema } from "../copy/model.ts";
import { ERROR_CODES, SIDES } from "../errors.ts";
import { immutable } from "../schema.ts";

const failureSchema = immutable(
  z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    side: z.enum(SIDES).exactOptional(),
    hint: z.string().exactOptional(),
  }).meta({ id: "SyncFailure", description: "Why something failed" }),
);

/** Why something failed. */
export type SyncFailure = z.output<typeof failureSchema>;

const digest = z.string();

const tagReportSchema = immutable(
  z.object({
    source: z.string().meta({ description: "`registry/repository[:tag][@digest]`" }),
    destination: z.string(),
    result: z.enum([
      "copied",
      "unchanged",
      "skipped",
      "failed",
      "missing",
      "too-fresh",
      "postponed",
      "started",
      "would-copy",
    ]).meta({
      description:
        "`skipped`: the target has another image and keeps it, or the rule excludes the media type; " +
        "`missing`: the rule names the tag and the source does not have it; `too-fresh`: younger than the rule's `minAge`; " +
        "`postponed`: postponed by a rate limit of the source; `started`: a durable copy of it runs; `would-copy`: of a dry run",
    }),
    digest: digest.exactOptional().meta({ description: "what the destination has, or will have" }),
    report: reportSchema.exactOptional(),
    error: failureSchema.exactOptional(),
    id: z.string().exactOptional().meta({ description: "of a durable copy" }),
  }).meta({ id: "TagReport", description: "The result of one image of a rule, at one target" }),
);

/** The result of one image of a rule, at one target. */
export type TagReport = z.output<typeof tagReportSchema>;

const pruneReportSchema = immutable(
  z.object({
    destination: z.string().meta({ description: "`registry/repository:tag`" }),
    result: z.enum(["deleted", "would-delete", "failed"]),
    error: failureSchema.exactOptional(),
  }).meta({ id: "PruneReport", description: "The result of a tag that its rule does not select" }),
);

/** The result of a tag that its rule does not select. */
export type PruneReport = z.output<typeof pruneReportSchema>;

const result = z.enum(["ok", "some-failed", "all-failed", "postponed"]);
const durationMs = z.number().nonnegative().meta({ description: "milliseconds" });

const ruleReportSchema = immutable(
  z.object({
    rule: z.string(),
    result,
    tags: z.array(tagReportSchema),
    pruned: z.array(pruneReportSchema),
    requests: requestsSchema,
    durationMs,
    warnings: z.array(z.string()),
    postponedUntil: z.number().exactOptional().meta({
      description: "milliseconds since the epoch: a run after that copies what is left",
    }),
  }).meta({ id: "RuleReport", description: "The result of a run of a rule" }),
);

/** The result of a run of a rule. */
export type RuleReport = z.output<typeof ruleReportSchema>;

export const syncReportSchema = immutable(
  z.object({
    result: result.meta({
      description: "`postponed`: some rules were, and of the others none failed",
    }),
    rules: z.array(ruleReportSchema),
    durationMs,
  }).meta({ id: "SyncReport", description: "The results of rules that ran together" }),
);

/** The results of rules that ran together. */
export type SyncReport = z.output<typeof syncReportSchema>;

const tagStatusSchema = immutable(
  z.object({
    source: z.string(),
    destination: z.string(),
    state: z.enum(["in-step", "behind", "missing", "error"]).meta({
      description:
        "`behind`: the target has another image, or lacks something that belongs to it; `error`: a registry could not be asked",
    }),
    digest: digest.exactOptional().meta({ description: "the source's" }),
    current: digest.exactOptional().meta({ description: "the target's, where that differs" }),
    error: failureSchema.exactOptional(),
  }).meta({
    id: "TagStatus",
    description: "Whether one image of a rule is in step, at one target",
  }),
);

/** Whether one image of a rule is in step, at one target. */
export type TagStatus = z.output<typeof tagStatusSchema>;

const ruleStatusSchema = immutable(
  z.object({
    rule: z.string(),
    state: z.enum(["in-step", "behind", "error"]).meta({
      description:
        "`error`: a registry could not be asked; `behind`: some tags are behind or missing",
    }),
    tags: z.array(tagStatusSchema),
    requests: requestsSchema,
  }).meta({ id: "RuleStatus", description: "Whether the images of a rule are in step" }),
);

/** Whether the images of a rule are in step. */
export type RuleStatus = z.output<typeof ruleStatusSchema>;

export const syncStatusSchema = immutable(
  z.object({
    state: z.enum(["in-step", "behind", "error"]),
    rules: z.array(ruleStatusSchema),
  }).meta({
    id: "SyncStatus",
    description: "Whether the rules are in step, by what the registries have now",
  }),
);

/** Whether rules are in step, by what the registries have now. */
export type SyncStatus = z.output<typeof syncStatusSchema>;

const rule = z.string();

/** The events of rules, each with its `type`. An array, because a streamed answer has others besides. */
export const syncEvents = [
  z.object({ type: z.literal("rule-started"), rule }),
  z.object({
    type: z.literal("copy"),
    rule,
    source: z.string(),
    destination: z.string(),
    event: copyEventSchema,
  }).meta({ description: "something happened to one of the copies" }),
  z.object({ type: z.literal("tag-ended"), rule, tag: tagReportSchema }),
  z.object({ type: z.literal("prune-ended"), rule, pruned: pruneReportSchema }),
  z.object({ type: z.literal("warning"), rule, message: z.string() }),
  z.object({ type: z.literal("rule-ended"), report: ruleReportSchema }),
] as const;

const syncEventSchema = immutable(z.discriminatedUnion("type", syncEvents));

/** What happens while a rule runs; `rule-ended` is the last of each rule. */
export type SyncEvent = z.output<typeof syncEventSchema>;

/** Takes events as they happen. It must not throw. */
export type EmitSync = (event: SyncEvent) => void;
