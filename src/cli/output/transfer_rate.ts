import type { ProgressTotals } from "./progress_tally.ts";

/** Long enough that one slow or fast blob does not dominate, and short enough to follow the network. */
const WINDOW_MS = 10_000;

/** The rate of the last seconds, and the time that the rest needs at that rate. */
export class TransferRate {
  #samples: { readonly timeMs: number; readonly bytes: number }[] = [];

  /** Begins to measure. */
  reset(timeMs: number, bytes: number): void {
    this.#samples = [{ timeMs, bytes }];
  }

  /** Adds the bytes that were sent until now. A blob that restarts makes them fewer. */
  add(timeMs: number, bytes: number): void {
    const samples = this.#samples;
    samples.push({ timeMs, bytes });
    // The first sample before the window stays, so that the samples cover all of it.
    while (samples.length > 2 && (samples[1]?.timeMs ?? timeMs) <= timeMs - WINDOW_MS) {
      samples.shift();
    }
  }

  get bytesPerSecond(): number {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || last.timeMs <= first.timeMs) return 0;
    return Math.max(0, last.bytes - first.bytes) / (last.timeMs - first.timeMs) * 1000;
  }

  /** Undefined while nothing is sent. */
  leftMs(
    { totalBytes, doneBytes }: Pick<ProgressTotals, "totalBytes" | "doneBytes">,
  ): number | undefined {
    const rate = this.bytesPerSecond;
    return rate === 0 ? undefined : Math.max(0, totalBytes - doneBytes) / rate * 1000;
  }
}
