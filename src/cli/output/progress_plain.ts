import type { CliEnvironment } from "../environment.ts";
import { formatBytes } from "./format_bytes.ts";
import { say } from "./output.ts";
import type { ProgressDisplay } from "./progress_tally.ts";

/** How much there is to move, and how much of it has been. */
export interface Moved {
  readonly totalBlobs: number;
  readonly totalBytes: number;
  readonly doneBlobs: number;
  readonly doneBytes: number;
  readonly streamedBytes: number;
}

const INTERVAL_MS = 5000;

/** A line every few seconds, for logs. A copy that is done before the first has none. */
export function startPlainLines(
  tally: Moved,
  environment: CliEnvironment,
): ProgressDisplay {
  let lastBytes = 0;
  let lastMs = environment.now();

  function sayHowFar(): void {
    const bytes = tally.streamedBytes;
    const now = environment.now();
    // A blob that is begun again takes its bytes back.
    const rate = Math.max(0, bytes - lastBytes) / Math.max(1, now - lastMs) * 1000;
    lastBytes = bytes;
    lastMs = now;
    if (tally.totalBlobs === 0) return;
    say(
      environment,
      `${formatBytes(tally.doneBytes)} of ${formatBytes(tally.totalBytes)}, ` +
        `${tally.doneBlobs} of ${tally.totalBlobs} blobs, ${formatBytes(rate)}/s`,
    );
  }

  const end = environment.every(INTERVAL_MS, sayHowFar);
  return { update: () => {}, say: (line) => say(environment, line), close: end };
}
