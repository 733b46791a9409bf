import type { DurableCopy } from "../../durable/durable_copies.ts";
import { formatReport } from "./format_report.ts";

/** A copy that goes on by itself; why one failed is told as an error. */
export function formatDurableCopy({ id, state, report }: DurableCopy): string[] {
  return [`${state.padEnd(11)}${id}`, ...(report ? formatReport(report) : [])];
}
