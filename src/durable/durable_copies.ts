/** The port to whatever runs copies durably: on Workers a Workflow, nothing elsewhere. */
import * as z from "zod";
import { reportSchema } from "../copy/model.ts";
import type { CopyRequestInput } from "../copy/request.ts";
import { problemSchema } from "../problem.ts";
import { immutable } from "../schema.ts";

export const copyIdSchema = z.string().regex(/^[0-9a-f]{64}$/, "not the id of a copy");

export const durableCopySchema = immutable(
  z.object({
    id: copyIdSchema,
    state: z.enum(["queued", "running", "complete", "failed", "cancelled"]).meta({
      description: "the last three are ends",
    }),
    report: reportSchema.exactOptional().meta({ description: "once it is complete" }),
    problem: problemSchema.exactOptional().meta({ description: "once it failed" }),
  }).meta({ id: "Copy", description: "A copy that continues without its caller" }),
);

/** A copy that continues without its caller. */
export type DurableCopy = z.output<typeof durableCopySchema>;

export interface DurableCopies {
  /**
   * Starts a copy whose source is named by its digest. The same digest to the same place by the same options is one copy as
   * long as it runs; one that has ended is begun again.
   *
   * @param options.rule the rule that wants it. A copy that somebody has asked for before stays without one.
   */
  start(request: CopyRequestInput, options?: { readonly rule?: string }): Promise<DurableCopy>;
  get(id: string): Promise<DurableCopy | undefined>;
  /** Stops it; one that has ended stays as it is. */
  cancel(id: string): Promise<DurableCopy | undefined>;
}
