/** The events of a streamed answer: those of a copy or of rules, a heartbeat, and an error as the last one. */
import * as z from "zod";
import { copyEvents } from "./copy/model.ts";
import { problemSchema } from "./problem.ts";
import { immutable } from "./schema.ts";
import { syncEvents, syncReportSchema } from "./sync/model.ts";

const heartbeat = z.object({ type: z.literal("heartbeat") }).meta({
  description: "nothing else happened for 5 s",
});

const error = z.object({ type: z.literal("error"), problem: problemSchema });

export const streamEventSchema = immutable(
  z.discriminatedUnion("type", [
    ...copyEvents,
    heartbeat,
    error.meta({ description: "the copy failed; always the last" }),
  ]).meta({
    id: "Event",
    description: "What happens while a copy runs; the last one is `report` or `error`",
  }),
);

export type StreamEvent = z.output<typeof streamEventSchema>;

export const syncStreamEventSchema = immutable(
  z.discriminatedUnion("type", [
    ...syncEvents,
    heartbeat,
    z.object({ type: z.literal("report"), report: syncReportSchema }).meta({
      description: "all rules have run; always the last, also where some of them failed",
    }),
    error.meta({ description: "the run was given up; always the last" }),
  ]).meta({
    id: "SyncEvent",
    description: "What happens while rules run; the last one is `report` or `error`",
  }),
);

export type SyncStreamEvent = z.output<typeof syncStreamEventSchema>;
