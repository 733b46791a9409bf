/** Runs rules by `Deno.cron`, which on Deno Deploy wakes an instance for each run: no timer fires while all of them sleep. */
import { createHash } from "node:crypto";
import { ParseError } from "../errors.ts";
import { quote } from "../oci/quote.ts";
import type { Runtime } from "../runtime.ts";
import { isDue, lastTick } from "../sync/next_run.ts";
import type { SyncRule } from "../sync/rule.ts";
import { wakePattern } from "../sync/wake_pattern.ts";
import type { RuleDispatcher } from "../rules/dispatch.ts";

/**
 * `Deno.cron`: has a function called at the times of a pattern in UTC, never beside itself. What comes due meanwhile is past.
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
  /** Aborted when no further rule must begin. */
  readonly stopping: AbortSignal;
  /** Takes a run that the process has to wait for before it ends. */
  readonly track: (job: Promise<unknown>) => void;
  readonly runtime: Pick<Runtime, "now">;
}

/** `Deno.cron` where there is one: on Deno Deploy, and with `--unstable-cron`. */
export function findDenoCron(): DenoCron | undefined {
  const { Deno } = globalThis as { Deno?: { cron?: DenoCron } };
  return Deno?.cron;
}

/**
 * Registers each rule that has a schedule, so that one that takes long keeps no other waiting. Deno Deploy takes them until the
 * server listens. A call lasts as long as its run. Nothing is run at the start, which on Deno Deploy is many times a day.
 *
 * @throws {ParseError} where Deno takes no more of them
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
      throw new ParseError(`rule ${quote(name)} cannot be given to Deno.cron: ${why}`, {
        cause: error,
      });
    }
  }
}

/** What Deno takes as a name. https://github.com/denoland/deno/blob/v2.9.5/ext/cron/lib.rs */
const CRON_NAME = /^[\w-]{1,64}$/;
const HASH_LENGTH = 8;

/** A rule's name as one that Deno takes: the same at each start, and no two alike. */
function toCronName(name: string): string {
  if (CRON_NAME.test(name)) return name;
  const hash = createHash("sha256").update(name).digest("hex").slice(0, HASH_LENGTH);
  const readable = name.replaceAll(/[^\w-]+/g, "-").slice(0, 64 - HASH_LENGTH - 1);
  return `${readable}-${hash}`;
}
