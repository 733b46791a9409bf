/** The schema of started runs, for the client and the API document. */
import * as z from "zod";
import { schemaFor } from "../schema.ts";
import type { StartedRule, StartedSync } from "./rules.ts";

const startedRuleSchema = schemaFor<StartedRule>()(z.object({
  rule: z.string(),
  id: z.string().meta({ description: "id of the run, as in the log" }),
}));

export const startedSyncSchema = schemaFor<StartedSync>()(
  z.object({ rules: z.array(startedRuleSchema) })
    .meta({ id: "StartedSync", description: "Runs that continue without their caller" }),
);
