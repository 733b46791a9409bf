/** The events of a streamed answer: those of a copy, a heartbeat, and an error as the last one. */
import * as z from "zod";
import { copyEvents } from "./copy/model.ts";
import { problemSchema } from "./problem.ts";
import { immutable } from "./schema.ts";

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
