/** Schema of the list of rules, for the client and the OpenAPI document. */
import * as z from "zod";
import { historyStatusSchema, runSummarySchema } from "../history/schemas.ts";
import { schemaFor } from "../schema.ts";
import type { RuleInfo, RuleList } from "./rule_list.ts";

const time = "milliseconds since the epoch";

const ruleInfoSchema = schemaFor<RuleInfo>()(
  z.object({
    rule: z.string(),
    type: z.enum(["image", "repository", "registry"]),
    source: z.string(),
    targets: z.array(z.string()),
    prune: z.boolean().meta({
      description: "whether runs delete tags that the rule no longer selects",
    }),
    schedule: z.object({
      cron: z.string().optional().meta({ description: "five fields, or a name such as `@daily`" }),
      timeZone: z.string().optional().meta({ description: "the time zone of `cron`" }),
      everyMs: z.number().optional(),
    }).optional().meta({
      description: "absent for a rule that runs only for webhooks and callers",
    }),
    next: z.number().optional().meta({
      description: `the next time of the schedule, in ${time}. A Worker runs the rule at the ` +
        "first tick of its cron trigger after that",
    }),
    running: runSummarySchema.optional().meta({
      description: "the run of the rule or of a part of it that is running, if the host lists " +
        "such runs",
    }),
    last: runSummarySchema.optional().meta({
      description: "the newest run of the whole rule that has ended, and was not aborted",
    }),
    lastPart: runSummarySchema.optional().meta({
      description: "the same for a part of the rule, for a webhook or a caller, if it is newer " +
        "than `last`",
    }),
    aborted: runSummarySchema.optional().meta({
      description: "the newest run that has ended, if it was aborted",
    }),
    postponedUntil: z.number().optional().meta({
      description: `${time}: a rate limit postponed a part of the running or the last run`,
    }),
    pulls: z.object({
      remaining: z.number(),
      limit: z.number().exactOptional(),
      windowSeconds: z.number().exactOptional(),
      at: z.number().meta({ description: time }),
    }).optional().meta({
      description: "the remaining pulls that the source reported last, since the server started",
    }),
  }).meta({ id: "RuleInfo", description: "A rule, and when it ran and runs" }),
);

export const ruleListSchema = schemaFor<RuleList>()(
  z.object({ rules: z.array(ruleInfoSchema), history: historyStatusSchema })
    .meta({ id: "RuleList", description: "The rules of the configuration" }),
);
