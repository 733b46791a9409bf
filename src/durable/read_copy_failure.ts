import { problemSchema } from "../problem_schema.ts";
import type { Problem } from "../problem.ts";
import { safeParseJson } from "../schema.ts";

/**
 * Reads the problem from the message of a CopyFailure, even if the platform has put the error's name in front of it.
 * Returns `undefined` for the message of another error.
 */
export function readCopyFailure(message: string): Problem | undefined {
  const line = message.slice(message.lastIndexOf("\n") + 1);
  return safeParseJson(line, problemSchema).data;
}
