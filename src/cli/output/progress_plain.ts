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
    const { totalBlobs, totalTags = 0, doneTags = 0 } = tally;
    const tags = doneTags < totalTags ? `${doneTags} of ${totalTags} tags` : undefined;
    // Time without a copy does not count.
    if (totalBlobs === 0) {
      rate.reset(environment.now(), tally.streamedBytes);
      if (tags !== undefined) writeStderr(environment, tags);
      return;
    }
    rate.add(environment.now(), tally.streamedBytes);
    const leftMs = rate.leftMs(tally);
    writeStderr(
      environment,
      (tags === undefined ? "" : `${tags}; `) +
        `${formatBytes(tally.doneBytes)} of ${formatBytes(tally.totalBytes)}, ` +
        `${tally.doneBlobs} of ${totalBlobs} blobs, ${formatBytes(rate.bytesPerSecond)}/s` +
        (leftMs === undefined ? "" : `, ${formatTimeLeft(leftMs)}`),
    );
  }

  const stop = environment.every(INTERVAL_MS, writeProgress);
  return { update: () => {}, print: (line) => writeStderr(environment, line), close: stop };
}
