interface Timer {
  readonly atMs: number;
  readonly call: () => void;
}

/**
 * Replaces `setTimeout` until it is disposed of: time passes only in `advance()`. `delaysMs` limits it to timers with
 * these delays, because the hosts' own `fetch` needs real timers.
 */
export class FakeTimers implements Disposable {
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  readonly #timers = new Map<unknown, Timer>();
  #nowMs = 0;

  constructor(...delaysMs: number[]) {
    const { clearTimeout } = this.#real;
    const setTimeout = this.#real.setTimeout as (...args: unknown[]) => unknown;
    Object.assign(globalThis, {
      setTimeout: (call: () => void, ms = 0, ...rest: unknown[]): unknown => {
        if (delaysMs.length > 0 && !delaysMs.includes(ms)) return setTimeout(call, ms, ...rest);
        const timer = { atMs: this.#nowMs + ms, call };
        this.#timers.set(timer, timer);
        return timer;
      },
      clearTimeout: (timer: number | undefined): void => {
        if (!this.#timers.delete(timer)) clearTimeout(timer);
      },
    });
  }

  /** The number of timers that wait. */
  get count(): number {
    return this.#timers.size;
  }

  /** Advances the clock and fires the timers that are due, in order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers.values()].filter(({ atMs }) => atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.call();
    }
    this.#nowMs = endMs;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
  }
}
