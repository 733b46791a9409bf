import { constants } from "node:os";
import process from "node:process";
import { CrossdockError } from "../errors.ts";
import type { Log } from "../log.ts";

/** A copy that is cut closes its connections and says so to its client; nothing that takes longer is waited for. */
const LAST_WORDS_MS = 5000;

/**
 * Ends the process after SIGTERM or SIGINT: no new work is taken, what runs may finish within the grace time, then it is cut. A
 * second signal ends it at once.
 */
export class GracefulStop {
  readonly #running = new Set<Promise<void>>();
  readonly #cut = new AbortController();
  readonly #stopping = new AbortController();

  /** Aborted when the grace time is over. */
  get signal(): AbortSignal {
    return this.#cut.signal;
  }

  /** Aborted when the process is told to end. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get isStopping(): boolean {
    return this.stopping.aborted;
  }

  /** Waits for a job, or for an answer that has not left yet, before the process ends. */
  track(job: Promise<unknown>): void {
    const settled = job.then(() => {}, () => {}).finally(() => this.#running.delete(settled));
    this.#running.add(settled);
  }

  /** Listens for signals from now on. `closeListener` lets no new connection in, where the host can. */
  onSignals({ graceMs, log, closeListener }: {
    graceMs: number;
    log: Log;
    closeListener: () => void;
  }): void {
    const onSignal = (name: "SIGTERM" | "SIGINT"): void => {
      if (this.isStopping) process.exit(128 + constants.signals[name]);
      this.#stopping.abort(new CrossdockError("aborted", "the server is about to stop"));
      log("info", "stopping", { signal: name, graceMs });
      closeListener();
      void this.#end(graceMs, log).finally(() => process.exit(0));
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  }

  async #end(graceMs: number, log: Log): Promise<void> {
    if (!await this.#isIdleWithin(graceMs)) {
      log("warn", "grace time is over: what still runs is cut");
      this.#cut.abort(
        new CrossdockError("aborted", "the server stopped before the copy was finished", {
          hint: "copy again: what has arrived is not sent again",
        }),
      );
      await this.#isIdleWithin(LAST_WORDS_MS);
    }
    log("info", "stopped");
  }

  async #isIdleWithin(ms: number): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const isOver = new Promise<boolean>((resolve) => timer = setTimeout(resolve, ms, false));
    try {
      return await Promise.race([this.#idle().then(() => true), isOver]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A job's end may begin the last part of its answer. */
  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
