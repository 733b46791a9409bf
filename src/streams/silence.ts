/** Idle timeouts: a slow transfer continues while bytes arrive, and a transfer without bytes is aborted. */
import type { ChunkReader } from "./chunk_reader.ts";

/** Calls a function if it is not restarted within `timeoutMs`. */
export class SilenceTimer {
  readonly #timeoutMs: number;
  readonly #onSilence: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(timeoutMs: number, onSilence: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#onSilence = onSilence;
  }

  /** Restarts the timer; `extraMs` extends it this time only. */
  restart(extraMs = 0): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(this.#onSilence, this.#timeoutMs + extraMs);
  }

  /** Stops the timer until the next `restart()`. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Stops the timer permanently. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }
}

/**
 * Returns a reader of the same chunks that fails with `toError()` if one read takes longer than `timeoutMs`, and is then
 * cancelled.
 */
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

/** Like `limitSilence()`, for a stream. It does not read ahead. */
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
