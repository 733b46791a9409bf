/** Time-outs for silence: a slow transfer continues while bytes arrive, and one without any is aborted. */
import type { ChunkReader } from "./chunk_reader.ts";

/** Calls a function once when it was not restarted for `timeoutMs`. */
export class SilenceTimer {
  readonly #timeoutMs: number;
  readonly #onSilence: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(timeoutMs: number, onSilence: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onSilence = onSilence;
  }

  /** Starts from zero, with `extraMs` more this once. */
  restart(extraMs = 0): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(this.#onSilence, this.#timeoutMs + extraMs);
  }

  /** Stops until the next `restart()`. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Stops for good. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}

/** Gives the same chunks, and fails with `toError()` when one read takes longer than `timeoutMs`. The reader is then cancelled. */
export function limitSilence(
  reader: ChunkReader,
  timeoutMs: number,
  toError: () => Error,
): ChunkReader {
  return {
    read: () => readInTime(reader, timeoutMs, toError),
    cancel: (reason) => reader.cancel(reason),
  };
}

/** Does for a stream what `limitSilence()` does for a reader. It reads only when it is read. */
export function limitStreamSilence<Chunk>(
  stream: ReadableStream<Chunk>,
  timeoutMs: number,
  toError: () => Error,
): ReadableStream<Chunk> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const { done, value } = await readInTime(reader, timeoutMs, toError);
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

interface Cancellable<Result> {
  read(): Promise<Result>;
  cancel(reason: unknown): Promise<void>;
}

function readInTime<Result>(
  reader: Cancellable<Result>,
  timeoutMs: number,
  toError: () => Error,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = new SilenceTimer(timeoutMs, () => {
      const error = toError();
      reject(error);
      reader.cancel(error).catch(() => {});
    });
    timer.restart();
    reader.read().finally(() => timer.close()).then(resolve, reject);
  });
}
