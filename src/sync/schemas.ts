/** Schemas of the data of a sync. The API answers with it, the client checks it, and the OpenAPI document describes it. */
import * as z from "zod";
import {
  copyEventSchema,
  referrerStateSchema,
  reportSchema,
  requestsSchema,
} from "../copy/schemas.ts";
import { ERROR_CODES, SIDES } from "../errors.ts";
import { schemaFor } from "../schema.ts";
import type {
  PruneReport,
  RuleReport,
  RuleStatus,
  SyncFailure,
  SyncReport,
  SyncStatus,
  TagReport,
  TagStatus,
} from "./model.ts";

const failureSchema = schemaFor<SyncFailure>()(
  z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    side: z.enum(SIDES).exactOptional(),
    hint: z.string().exactOptional(),
  }).meta({ id: "SyncFailure", description: "Why something failed" }),
);

const digest = z.string();

export const tagReportSchema = schemaFor<TagReport>()(
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
        "`unchanged`: the target has the image, or with `missing` any image with the tag; " +
        "`skipped`: the target has another image and keeps it, or the rule excludes the media type; " +
        "`missing`: the rule names the tag, but the source does not have it; `too-fresh`: younger than the rule's `minAge`; " +
        "`postponed`: a rate limit of the source postponed it; `started`: a durable copy runs; `would-copy`: result of a dry run",
    }),
    digest: digest.exactOptional().meta({
      description: "digest of the destination, now or after the copy",
    }),
    remembered: z.literal(true).exactOptional().meta({
      description: "known from the remembered state",
    }),
    report: reportSchema.exactOptional(),
    referrerState: referrerStateSchema.exactOptional(),
    error: failureSchema.exactOptional(),
    id: z.string().exactOptional().meta({ description: "id of the durable copy" }),
  }).meta({ id: "TagReport", description: "The result of one image of a rule, at one target" }),
);

export const pruneReportSchema = schemaFor<PruneReport>()(
  z.object({
    destination: z.string().meta({ description: "`registry/repository:tag`" }),
    result: z.enum(["deleted", "would-delete", "held-back", "failed"]).meta({
      description:
        "`would-delete`: result of a dry run; `held-back`: the tag stays, because more tags are no longer selected than " +
        "`prune.maxShare` allows",
    }),
    error: failureSchema.exactOptional(),
  }).meta({
    id: "PruneReport",
    description: "The result of deleting a tag that the rule does not select",
  }),
);

const result = z.enum(["ok", "some-failed", "all-failed", "postponed"]);
const durationMs = z.number().nonnegative().meta({ description: "milliseconds" });

const ruleReportSchema = schemaFor<RuleReport>()(
  z.object({
    rule: z.string(),
    result,
    tags: z.array(tagReportSchema),
    pruned: z.array(pruneReportSchema),
    requests: requestsSchema,
    durationMs,
    warnings: z.array(z.string()),
    postponedUntil: z.number().exactOptional().meta({
      description:
        "milliseconds since the epoch: run the rule again after this time to copy the rest",
    }),
  }).meta({ id: "RuleReport", description: "The result of a run of a rule" }),
);

export const syncReportSchema = schemaFor<SyncReport>()(
  z.object({
    result: result.meta({
      description: "`postponed`: a rate limit postponed some rules, and no other rule failed",
    }),
    rules: z.array(ruleReportSchema),
    durationMs,
  }).meta({ id: "SyncReport", description: "The results of rules that ran together" }),
);

const tagStatusSchema = schemaFor<TagStatus>()(
  z.object({
    source: z.string(),
    destination: z.string(),
    state: z.enum(["in-step", "incomplete", "behind", "missing", "not-found", "error"]).meta({
      description: "`incomplete`: the target has the image, but lacks referrers or digest tags; " +
        "`behind`: the target has another image; " +
        "`missing`: the target does not have the tag; `not-found`: the rule names the tag, but the source does not have it; " +
        "`error`: a request failed",
    }),
    digest: digest.exactOptional().meta({ description: "digest of the source" }),
    current: digest.exactOptional().meta({ description: "digest of the target, if it differs" }),
    referrerState: referrerStateSchema.exactOptional(),
    error: failureSchema.exactOptional(),
  }).meta({
    id: "TagStatus",
    description: "Whether one target has the current version of one image of a rule",
  }),
);

const ruleStatusSchema = schemaFor<RuleStatus>()(
  z.object({
    rule: z.string(),
    state: z.enum(["in-step", "behind", "error"]).meta({
      description:
        "`error`: a request failed for some tags; `behind`: some tags are incomplete, behind or missing, or a run would delete some",
    }),
    tags: z.array(tagStatusSchema),
    pruned: z.array(pruneReportSchema).exactOptional().meta({
      description: "tags of the targets that the rule no longer selects, if it has `prune`",
    }),
    warnings: z.array(z.string()).exactOptional(),
    requests: requestsSchema,
  }).meta({
    id: "RuleStatus",
    description: "Whether the targets of a rule have the current version of its images",
  }),
);

export const syncStatusSchema = schemaFor<SyncStatus>()(
  z.object({
    state: z.enum(["in-step", "behind", "error"]),
    rules: z.array(ruleStatusSchema),
  }).meta({
    id: "SyncStatus",
    description: "The status of rules, computed from the registries",
  }),
);

const rule = z.string();

/** The events of rules, each with its `type`. An array, so that the schema of the event stream can add others. */
export const syncEvents = [
  z.object({ type: z.literal("rule-started"), rule }),
  z.object({
    type: z.literal("tags-selected"),
    rule,
    repository: z.string(),
    count: z.int().meta({ description: "how many `tag-ended` will follow for it" }),
  }),
  z.object({
    type: z.literal("copy"),
    rule,
    source: z.string(),
    destination: z.string(),
    event: copyEventSchema,
  }).meta({ description: "an event of one of the copies" }),
  z.object({ type: z.literal("tag-ended"), rule, tag: tagReportSchema }),
  z.object({ type: z.literal("prune-ended"), rule, pruned: pruneReportSchema }),
  z.object({ type: z.literal("warning"), rule, message: z.string() }),
  z.object({ type: z.literal("rule-ended"), report: ruleReportSchema }),
] as const;
