import { RequestError } from "../problem.ts";
import type { RunQuery, RunSummary } from "./model.ts";

/** Whether a run passes the filters of a query. */
export function isWanted(
  { rule, state }: RunSummary,
  { rules, states }: Pick<RunQuery, "rules" | "states">,
): boolean {
  return (!rules || rule !== undefined && rules.includes(rule)) &&
    (!states || states.includes(state));
}

/** The error for a cursor that no answer had. */
export function invalidCursor(): RequestError {
  const detail = "not a cursor: expected the next of an earlier answer";
  return new RequestError("usage", `cursor: ${detail}`, {
    errors: [{ parameter: "cursor", detail }],
  });
}
