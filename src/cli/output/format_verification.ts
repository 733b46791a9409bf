import type { Difference, Verification } from "../../copy/model.ts";
import { formatCount } from "./format_count.ts";

/** The differences, a line each, then what was compared. */
export function formatVerification(verification: Verification): string[] {
  const { source, destination, equal, differences, checked } = verification;
  const counts = [
    formatCount(checked.manifests, "manifest"),
    formatCount(checked.blobs, "blob"),
    formatCount(checked.referrers, "referrer"),
  ].join(", ");
  const verdict = equal ? "equal" : formatCount(differences.length, "difference");
  return [
    ...differences.map(formatDifference),
    `${verdict}: ${source} and ${destination} (${counts} compared)`,
  ];
}

function formatDifference({ kind, what, state, wanted, found }: Difference): string {
  const line = `${state.padEnd(9)}  ${kind.replace("-", " ")} ${what}`;
  if (state === "missing") return line;
  return `${line}: ${wanted ?? "unknown"} at the source, ${found ?? "unknown"} at the destination`;
}
