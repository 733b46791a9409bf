/** Draws bars on a terminal: the total, and one for each blob that is being copied. */
import type { CliEnvironment } from "../environment.ts";
import { hasColors, paint } from "./color.ts";
import { formatBytes, formatTimeLeft } from "./format.ts";
import { LiveLines } from "./live_lines.ts";
import { formatStderrLine } from "./output.ts";
import type { ProgressDisplay, ProgressTally } from "./progress_tally.ts";
import { TransferRate } from "./transfer_rate.ts";

/** More bars would fill the terminal. */
const MAX_BLOB_BARS = 10;
const REDRAW_MS = 100;

const LABEL_WIDTH = 12;
const PERCENT_WIDTH = 4;
const SIZES_WIDTH = 17;
const RATE_WIDTH = 10;
const LEFT_WIDTH = 11;
const MIN_BAR_WIDTH = 8;
const MAX_BAR_WIDTH = 40;
const GAP = "  ";

/** Which parts of a line fit a width. A part that does not fit is left out, and never cut. */
interface Layout {
  /** 0 if there is no room for a bar. */
  readonly barWidth: number;
  readonly hasLabel: boolean;
  readonly hasRate: boolean;
  readonly hasLeft: boolean;
  readonly hasSizes: boolean;
}

/** What a line shows. */
interface Row {
  readonly label: string;
  readonly bytes: number;
  readonly sizeBytes: number;
  readonly rate?: string;
  readonly left?: string;
}

export function startBars(tally: ProgressTally, environment: CliEnvironment): ProgressDisplay {
  const { stderr, env } = environment;
  const live = new LiveLines(stderr);
  const rate = new TransferRate();
  const isColored = hasColors(stderr, env);

  function draw(): void {
    if (tally.totalBlobs === 0) return;
    rate.add(environment.now(), tally.streamedBytes);
    const layout = toLayout(live.width);
    const leftMs = rate.leftMs(tally);
    const total: Row = {
      label: toCountLabel(tally),
      bytes: tally.doneBytes,
      sizeBytes: tally.totalBytes,
      rate: `${formatBytes(rate.bytesPerSecond)}/s`,
      left: leftMs === undefined ? "" : formatTimeLeft(leftMs),
    };
    // Without labels nobody could tell the blobs apart.
    const maxBlobs = layout.hasLabel ? Math.min(MAX_BLOB_BARS, live.maxLines - 1) : 0;
    const blobs = [...tally.running].slice(0, maxBlobs)
      .map(([digest, { bytes, sizeBytes }]): Row => ({ label: toLabel(digest), bytes, sizeBytes }));
    live.draw([total, ...blobs].map((row) => formatRow(row, layout, isColored)));
  }

  const stop = environment.every(REDRAW_MS, draw);
  return {
    update(event): void {
      // The first bars are shown at once. Later events are too many to draw each.
      if (event.type === "plan") draw();
    },
    print: (line) => live.print(formatStderrLine(environment, line)),
    close(): void {
      stop();
      live.clear();
    },
  };
}

function toCountLabel({ doneBlobs, totalBlobs }: ProgressTally): string {
  const count = `${doneBlobs}/${totalBlobs}`;
  const label = `${count} blobs`;
  return label.length > LABEL_WIDTH ? count : label;
}

/** The digits of a digest, as many as tell blobs apart. A server could send any text, which must not break the line. */
function toLabel(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).replace(/[^0-9A-Za-z]/g, "?").slice(0, LABEL_WIDTH);
}

/** Adds parts, the most useful first, up to the first one that does not fit. */
function toLayout(width: number): Layout {
  let rest = width - PERCENT_WIDTH;
  let isFull = false;
  const add = (partWidth: number): boolean => {
    isFull ||= rest < partWidth + GAP.length;
    if (!isFull) rest -= partWidth + GAP.length;
    return !isFull;
  };
  const hasRate = add(RATE_WIDTH);
  const hasLeft = add(LEFT_WIDTH);
  const hasLabel = add(LABEL_WIDTH);
  const hasBar = add(MIN_BAR_WIDTH + 2);
  const hasSizes = add(SIZES_WIDTH);
  const barWidth = hasBar ? Math.min(MAX_BAR_WIDTH, MIN_BAR_WIDTH + rest) : 0;
  return { barWidth, hasLabel, hasRate, hasLeft, hasSizes };
}

function formatRow(
  { label, bytes, sizeBytes, rate = "", left = "" }: Row,
  { barWidth, hasLabel, hasRate, hasLeft, hasSizes }: Layout,
  isColored: boolean,
): string {
  const progress = sizeBytes === 0 ? 1 : Math.min(1, bytes / sizeBytes);
  const sizes = `${formatBytes(bytes)}/${formatBytes(sizeBytes)}`;
  const parts = [
    ...(hasLabel ? [label.padEnd(LABEL_WIDTH).slice(0, LABEL_WIDTH)] : []),
    ...(barWidth > 0 ? [formatBar(progress, barWidth, isColored)] : []),
    `${Math.floor(progress * 100)}%`.padStart(PERCENT_WIDTH),
    ...(hasSizes ? [sizes.padStart(SIZES_WIDTH)] : []),
    ...(hasRate ? [rate.padStart(RATE_WIDTH)] : []),
    ...(hasLeft ? [left] : []),
  ];
  return parts.join(GAP).trimEnd();
}

function formatBar(progress: number, width: number, isColored: boolean): string {
  const filled = Math.round(width * progress);
  const bar = "=".repeat(filled);
  return `[${isColored ? paint("green", bar) : bar}${" ".repeat(width - filled)}]`;
}
