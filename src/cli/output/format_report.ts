import type { Report } from "../../copy/model.ts";
import { formatBytes } from "./format_bytes.ts";
import { formatCount } from "./format_count.ts";
import { formatDuration } from "./format_duration.ts";

/** A report in a few lines. Its warnings are told elsewhere. */
export function formatReport(report: Report): string[] {
  const { source, destination, result, requests, durationMs } = report;
  const time = formatDuration(durationMs);
  const rate = report.bytesStreamed > 0 && durationMs > 0
    ? ` (${formatBytes(report.bytesStreamed / (durationMs / 1000))}/s)`
    : "";
  return [
    `${result.padEnd(11)}${source}`,
    `to         ${destination}`,
    `blobs      ${formatBlobs(report)}`,
    `manifests  ${formatManifests(report)}`,
    `requests   ${requests.source} to the source, ${requests.destination} to the destination`,
    `time       ${time}${rate}`,
  ];
}

function formatBlobs({ blobs, bytesStreamed }: Report): string {
  const { streamed, mounted, present, foreign } = blobs;
  return [
    `${streamed} streamed${streamed > 0 ? ` (${formatBytes(bytesStreamed)})` : ""}`,
    `${mounted} mounted`,
    `${present} already there`,
    ...(foreign > 0 ? [`${formatCount(foreign, "foreign layer")} left in place`] : []),
  ].join(", ");
}

function formatManifests({ manifests, referrers }: Report): string {
  if (referrers === 0) return `${manifests} put`;
  return `${manifests} put, of these ${
    formatCount(referrers, "referrer or digest tag", "referrers and digest tags")
  }`;
}
