/** The schema of a durable copy, for the client and the API document. */
import * as z from "zod";
import { reportSchema } from "../copy/schemas.ts";
import { problemSchema } from "../problem_schema.ts";
import { schemaFor } from "../schema.ts";
import { copyIdSchema } from "./durable_copies.ts";
import type { DurableCopy } from "./durable_copies.ts";

export const durableCopySchema = schemaFor<DurableCopy>()(
  z.object({
    id: copyIdSchema,
    state: z.enum(["queued", "running", "complete", "failed", "cancelled"]).meta({
      description: "`complete`, `failed` and `cancelled` are final",
    }),
    report: reportSchema.exactOptional().meta({
      description: "present if the state is `complete`",
    }),
    problem: problemSchema.exactOptional().meta({
      description: "present if the state is `failed`",
    }),
  }).meta({ id: "Copy", description: "A copy that continues without its caller" }),
);
