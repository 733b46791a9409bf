import { constants } from "node:os";
import process from "node:process";
import { CrossdockError } from "../errors.ts";
import type { Log } from "../log.ts";

/** Time for aborted copies to close their connections and to send the error to their clients. */
const ABORT_MS = 5000;

/**
 * Ends the process after SIGTERM or SIGINT: rejects new work, waits for running work within the grace period, then aborts the
 * rest. A second signal ends the process immediately.
 */
export class GracefulStop {
  readonly #running = new Set<Promise<void>>();
  readonly #abort = new AbortController();
  readonly #stopping = new AbortController();

  /** Aborted at the end of the grace period. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Aborted at the first signal. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  get isStopping(): boolean {
    return this.stopping.aborted;
  }

  /** Makes the process wait for a job or an unsent response before it exits. */
  track(job: Promise<unknown>): void {
    const settled = job.then(() => {}, () => {}).finally(() => this.#running.delete(settled));
    this.#running.add(settled);
  }

  /** Handles signals. `closeListener` rejects new connections, on hosts that can. */
  onSignals({ graceMs, log, closeListener }: {
    graceMs: number;
    log: Log;
    closeListener: () => void;
  }): void {
    const onSignal = (name: "SIGTERM" | "SIGINT"): void => {
      if (this.isStopping) process.exit(128 + constants.signals[name]);
      this.#stopping.abort(new CrossdockError("aborted", "the server is shutting down"));
      log("info", "stopping", { signal: name, graceMs });
      closeListener();
      void this.#end(graceMs, log).finally(() => process.exit(0));
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  }

  async #end(graceMs: number, log: Log): Promise<void> {
    if (!await this.#isIdleWithin(graceMs)) {
      log("warn", "grace period is over: aborting running work");
      this.#abort.abort(
        new CrossdockError("aborted", "the server stopped before the copy was complete", {
          hint: "copy again: content that has arrived is not sent again",
        }),
      );
      await this.#isIdleWithin(ABORT_MS);
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

  /** Loops, because the end of a job can start the last part of its response. */
  async #idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
