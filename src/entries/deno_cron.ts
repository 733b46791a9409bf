/** Schedules rules by `Deno.cron`. Deno Deploy starts an instance for each run; timers do not fire while no instance is running. */
import { createHash } from "node:crypto";
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import type { Runtime } from "../runtime.ts";
import { isDue, lastTick } from "../sync/next_run.ts";
import type { SyncRule } from "../sync/rule.ts";
import { wakePattern } from "../sync/wake_pattern.ts";
import type { RuleDispatcher } from "../rules/dispatch.ts";

/**
 * `Deno.cron`: calls a function at the times of a pattern in UTC. Times that pass during a call are skipped.
 * https://docs.deno.com/api/deno/~/Deno.cron
 */
export type DenoCron = (
  name: string,
  schedule: string,
  options: { readonly signal: AbortSignal },
  handler: () => Promise<void>,
) => Promise<void>;

export interface RegisterCronsOptions {
  readonly cron: DenoCron;
  readonly dispatch: RuleDispatcher;
  /** Aborted when no further run may start. */
  readonly stopping: AbortSignal;
  /** Receives each run: the process waits for it before it exits. */
  readonly track: (job: Promise<unknown>) => void;
  readonly runtime: Pick<Runtime, "now">;
}

/** Returns `Deno.cron` if it exists: on Deno Deploy, and with `--unstable-cron`. */
export function findDenoCron(): DenoCron | undefined {
  const { Deno } = globalThis as { Deno?: { cron?: DenoCron } };
  return Deno?.cron;
}

/**
 * Registers one cron per rule with a schedule, so that a long run does not delay other rules. Deno Deploy requires registration
 * before the server listens. Each call lasts until its run ends. Rules do not run at the start, because Deno Deploy starts
 * instances many times a day.
 *
 * @throws {ParseError} if Deno rejects a cron
 */
export function registerCrons(
  rules: readonly SyncRule[],
  { cron, dispatch, runtime, stopping, track }: RegisterCronsOptions,
): void {
  for (const rule of rules) {
    const { name, schedule } = rule;
    if (!schedule) continue;
    const pattern = wakePattern(schedule);
    const runIfDue = async (): Promise<void> => {
      const tick = lastTick(pattern, runtime.now());
      if (stopping.aborted || !isDue(schedule, tick)) return;
      const run = dispatch(rule, { by: "schedule", at: tick.at });
      track(run);
      await run;
    };
    try {
      void cron(toCronName(name), pattern, { signal: stopping }, runIfDue);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new ParseError(`register rule ${quote(name)} with Deno.cron: ${why}`, {
        cause: error,
      });
    }
  }
}

/** Valid names of crons. https://github.com/denoland/deno/blob/v2.9.5/ext/cron/lib.rs */
const CRON_NAME = /^[\w-]{1,64}$/;
const HASH_LENGTH = 8;

/** Converts a rule's name to a valid cron name, which is unique and the same at each start. */
function toCronName(name: string): string {
  if (CRON_NAME.test(name)) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, HASH_LENGTH);
  const readable = name.replaceAll(/[^\w-]+/g, "-").slice(0, 64 - HASH_LENGTH - 1);
  return `${readable}-${hash}`;
}
