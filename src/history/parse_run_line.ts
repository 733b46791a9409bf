import * as z from "zod";
import { safeParseJson } from "../schema.ts";
import type { RunRecord } from "./model.ts";
import { RUN_STATES } from "./model.ts";
import { RUN_ID } from "./run_id.ts";
import { runSummarySchema } from "./schemas.ts";

/** A longer line is none that this program has written. */
const MAX_LINE_CHARS = 1024 * 1024;

/**
 * The members that a list of runs has, so that a damaged line does not damage the list. Reports stay as they were written, also by
 * another version.
 */
const lineSchema = runSummarySchema.and(z.looseObject({
  id: z.string().regex(RUN_ID),
  // A run is written when it has ended.
  state: z.enum(RUN_STATES).exclude(["running"]),
  durationMs: z.number(),
  request: z.looseObject({}),
  tags: z.array(z.looseObject({})),
  pruned: z.array(z.looseObject({})),
  warnings: z.array(z.string()),
  truncated: z.boolean(),
}));

/** Parses a line of a history file; `undefined` for one that is damaged. */
export function parseRunLine(line: string): RunRecord | undefined {
  if (line.length > MAX_LINE_CHARS) return undefined;
  return safeParseJson(line, lineSchema).data as RunRecord | undefined;
}
