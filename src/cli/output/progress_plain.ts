import type { CliEnvironment } from "../environment.ts";
import { formatBytes, formatTimeLeft } from "./format.ts";
import { writeStderr } from "./output.ts";
import type { ProgressDisplay, ProgressTotals } from "./progress_tally.ts";
import { TransferRate } from "./transfer_rate.ts";

const INTERVAL_MS = 5000;

/** Writes a line every few seconds, for logs. A shorter copy has none. */
export function startPlainLines(
  tally: ProgressTotals,
  environment: CliEnvironment,
): ProgressDisplay {
  const rate = new TransferRate();
  rate.reset(environment.now(), tally.streamedBytes);

  function writeProgress(): void {
    // Time without a copy does not count.
    if (tally.totalBlobs === 0) return rate.reset(environment.now(), tally.streamedBytes);
    rate.add(environment.now(), tally.streamedBytes);
    const leftMs = rate.leftMs(tally);
    writeStderr(
      environment,
      `${formatBytes(tally.doneBytes)} of ${formatBytes(tally.totalBytes)}, ` +
        `${tally.doneBlobs} of ${tally.totalBlobs} blobs, ${formatBytes(rate.bytesPerSecond)}/s` +
        (leftMs === undefined ? "" : `, ${formatTimeLeft(leftMs)}`),
    );
  }

  const stop = environment.every(INTERVAL_MS, writeProgress);
  return { update: () => {}, print: (line) => writeStderr(environment, line), close: stop };
}
