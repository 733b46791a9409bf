/** What each tick of the host's clock copies. */
import type { CopyRequestInput } from "../copy/request.ts";
import type { Engine } from "../engine.ts";
import { createAllowed } from "./allowed.ts";
import type { ServerConfig } from "./config.ts";
import { withDefaults } from "./copy_defaults.ts";
import { describeError } from "./describe_error.ts";
import type { DurableCopies } from "./durable_copies.ts";
import type { Log } from "./log.ts";
import { toProblem } from "./problem.ts";
import { runCopy } from "./run_copy.ts";
import { startDurableCopy } from "./start_durable_copy.ts";

export interface ScheduledCopiesOptions {
  readonly config: ServerConfig;
  readonly openEngine: () => Engine;
  readonly log: Log;
  /** Where there is one, copies are started and go on by themselves. */
  readonly durable?: DurableCopies | undefined;
}

/**
 * Makes the copies that the configuration names, one after the other, so that few of the host's connections and little of its
 * memory are taken. One that fails is a line of the log and stops none of the others.
 */
export async function runScheduledCopies(options: ScheduledCopiesOptions): Promise<void> {
  const { config, log, openEngine, durable } = options;
  const allowed = createAllowed(config);
  const inline: CopyRequestInput[] = [];
  for (const copy of config.copies) {
    const request = withDefaults(config, copy);
    const { source, destination } = request;
    try {
      allowed.copy(request);
      if (durable) {
        const { id, state } = await startDurableCopy(request, { durable, engine: openEngine() });
        log("info", "durable copy started", { source, destination, id, state });
      } else {
        inline.push(request);
      }
    } catch (error) {
      const problem = toProblem(error);
      const unforeseen = problem.code === "internal" ? describeError(error) : {};
      log("error", "copy did not start", { source, destination, problem, ...unforeseen });
    }
  }
  for (const request of inline) {
    // Why one failed stands in the log by then.
    await runCopy(request, { engine: openEngine(), log }).catch(() => {});
  }
}
