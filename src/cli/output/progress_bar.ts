/** Draws bars on a terminal: one for each blob that is being copied, and the total below them. */
import cliProgress from "cli-progress";
import type { Options, Params, SingleBar } from "cli-progress";
import type { CopyEvent } from "../../copy/model.ts";
import type { CliEnvironment } from "../environment.ts";
import { formatBytes, shortDigest, toPrintable } from "./format.ts";
import type { ProgressDisplay, ProgressTally } from "./progress_tally.ts";

/** More bars would fill the terminal. */
const MAX_BLOB_BARS = 10;
const LABEL_WIDTH = 19;
const MAX_BAR_WIDTH = 40;
/** The width beside the bar: label, brackets, percentage, sizes, count and rate. */
const TEXT_WIDTH = LABEL_WIDTH + 50;
const ERASE_LINE = "\x1b[2K";

/** The texts of a bar. */
interface Payload {
  readonly label: string;
  readonly note: string;
}

export function startBars(tally: ProgressTally, environment: CliEnvironment): ProgressDisplay {
  const { stderr } = environment;
  const bars = new cliProgress.MultiBar({
    stream: stderr,
    format: formatBar,
    clearOnComplete: true,
    hideCursor: true,
    linewrap: false,
    // A line that is printed above the bars moves them down, so each must be drawn again.
    forceRedraw: true,
    // The program has its own signal listener.
    gracefulExit: false,
  });
  const blobBars = new Map<string, SingleBar>();
  let total: SingleBar | undefined;
  let startedMs = environment.now();

  function showTotal(): void {
    const seconds = Math.max(0.001, (environment.now() - startedMs) / 1000);
    const rate = formatBytes(tally.streamedBytes / seconds);
    const note = `${tally.doneBlobs}/${tally.totalBlobs} blobs  ${rate}/s`;
    total?.update(tally.doneBytes, { label: "total", note } satisfies Payload);
  }

  function showBlob(digest: string, bytes: number, sizeBytes: number): void {
    const bar = blobBars.get(digest);
    if (bar) bar.update(bytes);
    else if (blobBars.size < MAX_BLOB_BARS) {
      const payload: Payload = { label: shortDigest(digest), note: "" };
      blobBars.set(digest, bars.create(sizeBytes, bytes, payload));
    }
  }

  function removeBlob(digest: string): void {
    const bar = blobBars.get(digest);
    if (!bar) return;
    blobBars.delete(digest);
    bars.remove(bar);
  }

  return {
    update(event: CopyEvent): void {
      if (event.type === "plan" && tally.totalBlobs > 0 && !total) {
        startedMs = environment.now();
        const payload: Payload = { label: "total", note: "" };
        total = bars.create(tally.totalBytes, 0, payload);
      }
      if (event.type === "progress") showBlob(event.digest, event.bytes, event.sizeBytes);
      if (event.type === "step-finished" && event.step.type === "blob") {
        removeBlob(event.step.descriptor.digest);
      }
      showTotal();
    },
    print(line: string): void {
      const text = `${toPrintable(line)}\n`;
      // The library prints lines only while there is a bar.
      if (bars.isActive) bars.log(ERASE_LINE + text);
      else stderr.write(text);
    },
    close(): void {
      // Without this the library drops the lines that were logged since it last drew.
      if (bars.isActive) bars.update();
      if (bars.isActive) bars.stop();
    },
  };
}

function formatBar(
  _: Options,
  { progress, value, total, maxWidth }: Params,
  payload: Payload,
): string {
  const width = Math.max(0, Math.min(MAX_BAR_WIDTH, maxWidth - TEXT_WIDTH));
  const filled = Math.round(width * progress);
  const bar = width > 0 ? `[${"=".repeat(filled)}${" ".repeat(width - filled)}] ` : "";
  const percentage = `${Math.floor(progress * 100)}%`.padStart(4);
  const sizes = `${formatBytes(value)} of ${formatBytes(total)}`;
  return `${payload.label.padEnd(LABEL_WIDTH)} ${bar}${percentage}  ${sizes}  ${payload.note}`
    .trimEnd();
}
