interface Timer {
  readonly atMs: number;
  readonly call: () => void;
}

/** Takes the place of `setTimeout` until it is disposed of: time passes only in `advance()`. */
export class FakeTimers implements Disposable {
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  readonly #timers = new Map<number, Timer>();
  #nowMs = 0;
  #lastId = 0;

  constructor() {
    Object.assign(globalThis, {
      setTimeout: (call: () => void, ms = 0): number => {
        this.#timers.set(++this.#lastId, { atMs: this.#nowMs + ms, call });
        return this.#lastId;
      },
      clearTimeout: (id?: number): void => {
        if (id !== undefined) this.#timers.delete(id);
      },
    });
  }

  /** Fires what is due until then, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(([, { atMs }]) => atMs <= endMs)
        .sort(([, a], [, b]) => a.atMs - b.atMs);
      if (next === undefined) break;
      const [id, { atMs, call }] = next;
      this.#timers.delete(id);
      this.#nowMs = atMs;
      call();
    }
    this.#nowMs = endMs;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
  }
}
