/** A semaphore: limits how many jobs run at once. Waiting jobs get a slot in the order of their calls. */
export class Slots {
  readonly count: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  /** @param count at least 1 */
  constructor(count: number) {
    this.count = count;
  }

  /** Waits for a slot. Call the returned function once to free it. */
  async take(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#taken < this.count) this.#taken += 1;
    else await this.#wait(signal);
    return () => this.#free();
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal?.removeEventListener("abort", cancel);
        resolve();
      };
      const cancel = (): void => {
        this.#waiting.delete(enter);
        reject(signal?.reason);
      };
      this.#waiting.add(enter);
      signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Passes the slot to the job that has waited longest. */
  #free(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
