import type { Postponement } from "./rule_steps.ts";

/** Delays the steps of a run while a rate limit of the source lasts. No other code waits for a rate limit. */
export class RunLimit {
  /** The limit that lasts, or that ended the run because it must not wait. */
  postponed: Postponement | undefined;
  readonly #waitUntil: (time: number) => Promise<boolean>;
  readonly #onOver: () => void;
  /** The wait that all steps share. */
  #waiting: Promise<void> | undefined;
  /** The end of the last wait. Steps that began before it may report its limit once more. */
  #overAt = 0;
  #isGivenUp = false;

  /** @param onOver called after a wait */
  constructor(
    waitUntil: ((time: number) => Promise<boolean>) | undefined = () => Promise.resolve(false),
    onOver: () => void,
  ) {
    this.#waitUntil = waitUntil;
    this.#onOver = onOver;
  }

  /** The longest of several limits counts. */
  postpone(postponement: Postponement): void {
    const { until } = this.postponed ?? { until: this.#overAt };
    if (postponement.until > until) this.postponed = postponement;
  }

  /** Waits while the limit lasts. Returns `false` if the run must not wait that long: then nothing more may be pulled. */
  async allows(): Promise<boolean> {
    while (this.postponed && !this.#isGivenUp) {
      this.#waiting ??= this.#wait(this.postponed.until)
        .finally(() => this.#waiting = undefined);
      await this.#waiting;
    }
    return !this.#isGivenUp;
  }

  async #wait(until: number): Promise<void> {
    const isOver = await this.#waitUntil(until);
    if (!isOver) {
      this.#isGivenUp = true;
      return;
    }
    this.#overAt = until;
    // A longer limit may have been reported meanwhile.
    if (this.postponed?.until === until) {
      this.postponed = undefined;
      this.#onOver();
    }
  }
}
