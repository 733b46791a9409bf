/** Port to the durable copy runner: a Workflow on Workers, absent on other hosts. */
import * as z from "zod";
import { reportSchema } from "../copy/model.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { problemSchema } from "../problem.ts";
import { immutable } from "../schema.ts";

export const copyIdSchema = z.string().regex(
  /^[0-9a-f]{64}$/,
  "not a copy id: expected 64 hexadecimal digits",
);

export const durableCopySchema = immutable(
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

/** A copy that continues without its caller. */
export type DurableCopy = z.output<typeof durableCopySchema>;

export interface DurableCopies {
  /**
   * Starts a copy whose source has a digest. While a copy runs, another start with the same digest, destination and options
   * returns that copy. A copy that has ended is restarted.
   *
   * @param options.rule the rule that starts the copy. A copy that was first started without a rule stays without one.
   */
  start(request: CopyRequestInput, options?: { readonly rule?: string }): Promise<DurableCopy>;
  get(id: string): Promise<DurableCopy | undefined>;
  /** Cancels a copy. A copy that has ended keeps its state. */
  cancel(id: string): Promise<DurableCopy | undefined>;
}
