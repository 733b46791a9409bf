import type { Report } from "../../copy/model.ts";
import type { DurableCopy } from "../../durable/durable_copies.ts";
import { formatBytes, formatCount, formatDuration } from "./format.ts";
import { formatMissing, formatReferrers } from "./format_referrers.ts";

/** The state of a durable copy, and its report once it has one. The error of a failed copy is printed separately. */
export function formatDurableCopy({ id, state, report }: DurableCopy): string[] {
  return [`${state.padEnd(11)}${id}`, ...(report ? formatReport(report) : [])];
}

/** The report of a copy, without its warnings. */
export function formatReport(report: Report): string[] {
  const { source, destination, result, requests, durationMs } = report;
  const time = formatDuration(durationMs);
  const rate = report.bytesStreamed > 0 && durationMs > 0
    ? ` (${formatBytes(report.bytesStreamed / (durationMs / 1000))}/s)`
    : "";
  return [
    `${result.padEnd(11)}${source}`,
    `to         ${destination}`,
    ...(report.additionalTags ? [`more tags  ${report.additionalTags.join(", ")}`] : []),
    ...(report.admission ? [`policy     ${report.admission.reason}`] : []),
    `blobs      ${formatBlobs(report)}`,
    `manifests  ${formatManifests(report)}`,
    ...formatReferrerState(report),
    ...(report.receipts ? [`receipts   ${report.receipts} signed`] : []),
    `requests   ${requests.source} to the source, ${requests.destination} to the destination`,
    `time       ${time}${rate}`,
  ];
}

function formatBlobs({ blobs, bytesStreamed }: Report): string {
  const { streamed, mounted, present, foreign } = blobs;
  return [
    `${streamed} streamed${streamed > 0 ? ` (${formatBytes(bytesStreamed)})` : ""}`,
    `${mounted} mounted`,
    `${present} already present`,
    ...(foreign > 0 ? [`${formatCount(foreign, "foreign layer")} not copied`] : []),
  ].join(", ");
}

function formatReferrerState({ referrerState }: Report): string[] {
  if (!referrerState) return [];
  const parts = [formatReferrers(referrerState), formatMissing(referrerState) ?? ""];
  const text = parts.filter((part) => part !== "").join("; ");
  return text === "" ? [] : [`referrers  ${text}`];
}

function formatManifests({ manifests, referrers }: Report): string {
  if (referrers === 0) return `${manifests} put`;
  return `${manifests} put, of these ${
    formatCount(referrers, "referrer or digest tag", "referrers and digest tags")
  }`;
}
