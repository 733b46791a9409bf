import type { CliEnvironment } from "../environment.ts";
import { formatBytes } from "./format.ts";
import { writeStderr } from "./output.ts";
import type { ProgressDisplay } from "./progress_tally.ts";

/** How much is to be copied, and how much is done. */
export interface ProgressTotals {
  readonly totalBlobs: number;
  readonly totalBytes: number;
  readonly doneBlobs: number;
  readonly doneBytes: number;
  readonly streamedBytes: number;
}

const INTERVAL_MS = 5000;

/** Writes a line every few seconds, for logs. A shorter copy has none. */
export function startPlainLines(
  tally: ProgressTotals,
  environment: CliEnvironment,
): ProgressDisplay {
  let lastBytes = 0;
  let lastMs = environment.now();

  function writeProgress(): void {
    const bytes = tally.streamedBytes;
    const now = environment.now();
    // A blob that restarts reduces the sum.
    const rate = Math.max(0, bytes - lastBytes) / Math.max(1, now - lastMs) * 1000;
    lastBytes = bytes;
    lastMs = now;
    if (tally.totalBlobs === 0) return;
    writeStderr(
      environment,
      `${formatBytes(tally.doneBytes)} of ${formatBytes(tally.totalBytes)}, ` +
        `${tally.doneBlobs} of ${tally.totalBlobs} blobs, ${formatBytes(rate)}/s`,
    );
  }

  const stop = environment.every(INTERVAL_MS, writeProgress);
  return { update: () => {}, print: (line) => writeStderr(environment, line), close: stop };
}
