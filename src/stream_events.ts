/** Schemas of the events in a streamed response: events of a copy or of rules, heartbeats, and a final error. */
import * as z from "zod";
import type { CopyEvent } from "./copy/model.ts";
import { copyEvents } from "./copy/schemas.ts";
import { problemSchema } from "./problem_schema.ts";
import type { Problem } from "./problem.ts";
import { schemaFor } from "./schema.ts";
import type { SyncEvent, SyncReport } from "./sync/model.ts";
import { syncEvents, syncReportSchema } from "./sync/schemas.ts";

/** No other event for 5 s. */
interface Heartbeat {
  readonly type: "heartbeat";
}

/** The last event of a failed request. */
interface Failure {
  readonly type: "error";
  readonly problem: Problem;
}

/** An event of a copy. The last one is `report` or `error`. */
export type StreamEvent = CopyEvent | Heartbeat | Failure;

/** An event of a run of rules. The last one is `report` or `error`. */
export type SyncStreamEvent =
  | SyncEvent
  | Heartbeat
  | { readonly type: "report"; readonly report: SyncReport }
  | Failure;

const heartbeat = z.object({ type: z.literal("heartbeat") }).meta({
  description: "no other event for 5 s",
});

const error = z.object({ type: z.literal("error"), problem: problemSchema });

export const streamEventSchema = schemaFor<StreamEvent>()(
  z.discriminatedUnion("type", [
    ...copyEvents,
    heartbeat,
    error.meta({ description: "the copy failed; always the last event" }),
  ]).meta({
    id: "Event",
    description: "An event of a copy. The last one is `report` or `error`",
  }),
);

export const syncStreamEventSchema = schemaFor<SyncStreamEvent>()(
  z.discriminatedUnion("type", [
    ...syncEvents,
    heartbeat,
    z.object({ type: z.literal("report"), report: syncReportSchema }).meta({
      description: "all rules have run, even if some failed; always the last event",
    }),
    error.meta({ description: "the run was aborted; always the last event" }),
  ]).meta({
    id: "SyncEvent",
    description: "An event of a run of rules. The last one is `report` or `error`",
  }),
);
