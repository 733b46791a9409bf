/** Schemas of the events in a streamed response: events of a copy or of rules, heartbeats, and a final error. */
import * as z from "zod";
import { copyEvents } from "./copy/model.ts";
import { problemSchema } from "./problem.ts";
import { immutable } from "./schema.ts";
import { syncEvents, syncReportSchema } from "./sync/model.ts";

const heartbeat = z.object({ type: z.literal("heartbeat") }).meta({
  description: "no other event for 5 s",
});

const error = z.object({ type: z.literal("error"), problem: problemSchema });

export const streamEventSchema = immutable(
  z.discriminatedUnion("type", [
    ...copyEvents,
    heartbeat,
    error.meta({ description: "the copy failed; always the last event" }),
  ]).meta({
    id: "Event",
    description: "An event of a copy. The last one is `report` or `error`",
  }),
);

export type StreamEvent = z.output<typeof streamEventSchema>;

export const syncStreamEventSchema = immutable(
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

export type SyncStreamEvent = z.output<typeof syncStreamEventSchema>;
