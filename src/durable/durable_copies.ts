/** The port to whatever runs copies durably: on Workers a Workflow, nothing elsewhere. */
import type { CopyRequestInput } from "../copy/request.ts";
import type { Report } from "../copy/model.ts";
import type { Problem } from "../problem.ts";

/** A copy that goes on without its caller. */
export interface DurableCopy {
  readonly id: string;
  /** The last three are ends. */
  readonly state: "queued" | "running" | "complete" | "failed" | "cancelled";
  /** Once it is complete. */
  readonly report?: Report;
  /** Once it failed. */
  readonly problem?: Problem;
}

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
