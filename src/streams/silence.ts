/** Time-outs for silence: a slow transfer goes on for as long as it moves, one that stands still is cut. */
import type { ChunkReader } from "./chunk_reader.ts";

/** Fires once when nothing was heard for `timeoutMs`. */
export class SilenceTimer {
  readonly #timeoutMs: number;
  readonly #onSilence: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(timeoutMs: number, onSilence: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onSilence = onSilence;
  }

  /** Something was heard: start counting anew, with more patience this once if need be. */
  restart(extraMs = 0): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(this.#onSilence, this.#timeoutMs + extraMs);
  }

  /** Stop counting until the next `restart()`. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Stop counting for good. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}

/**
 * Passes a reader on and fails with `toError()` when one read takes longer than `timeoutMs`. The reader is cancelled then.
 */
export function limitSilence(
  reader: ChunkReader,
  timeoutMs: number,
  toError: () => Error,
): ChunkReader {
  return {
    read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
      return new Promise((resolve, reject) => {
        const timer = new SilenceTimer(timeoutMs, () => {
          const error = toError();
          reject(error);
          reader.cancel(error);
        });
        timer.restart();
        reader.read().finally(() => timer.close()).then(resolve, reject);
      });
    },
    cancel: (reason) => reader.cancel(reason),
  };
}
