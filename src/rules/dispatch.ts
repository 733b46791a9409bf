/** Starts rules for a clock or an event: in this process, or as a Workflow. */
import type { DurableCopies } from "../durable/durable_copies.ts";
import { withFields } from "../log.ts";
import type { Log } from "../log.ts";
import { isDue } from "../sync/next_run.ts";
import type { Tick } from "../sync/next_run.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { RuleReport } from "../sync/model.ts";
import type { RunRuleOptions } from "../sync/run_rule.ts";
import type { DurableRules, RuleRun } from "./durable_rules.ts";
import { describeFailure, runLogged } from "./run_logged.ts";
import type { RuleHost } from "./run_logged.ts";

export interface DispatcherOptions extends RuleHost {
  /** Starts copies as durable copies. */
  readonly durable?: DurableCopies | undefined;
  /** Starts whole rules as Workflows. */
  readonly durableRules?: DurableRules | undefined;
  /** Whether a rule must not run twice at the same time. Off on Workers, where a terminated isolate would block the rule forever. */
  readonly isExclusive?: boolean | undefined;
  /** Aborted when the host must end now. */
  readonly signal?: AbortSignal | undefined;
}

/** Why a rule runs, when, and which part of it. */
export interface RuleOccasion extends Pick<RunRuleOptions, "only" | "missing" | "waitUntil"> {
  readonly by: "schedule" | "start" | "hook";
  /** The name of the webhook. */
  readonly hook?: string | undefined;
  /** The time of the tick or the event, in milliseconds since the epoch. */
  readonly at: number;
}

/** The report of a run, or why there is none: it was started as a Workflow, it was running already, or it failed as a whole. */
export type RuleEnd = RuleReport | "started" | "running" | "failed";

/** Runs a rule and logs the result. Never rejects. */
export type RuleDispatcher = (rule: SyncRule, occasion: RuleOccasion) => Promise<RuleEnd>;

const STILL_RUNNING = "rule is still running and was not started again";

/** Postponed events are rounded up to multiples of this, so that several events share one run. */
const POSTPONED_SPAN_MS = 5 * 60_000;

/**
 * Creates a dispatcher. A whole rule does not run twice at the same time, because both runs would do the same. An event runs in any
 * case, because its image may be newer than the one that a current run has seen.
 */
export function createDispatcher(options: DispatcherOptions): RuleDispatcher {
  const { durable, durableRules, isExclusive, signal } = options;
  const running = new Set<string>();

  async function run(rule: SyncRule, occasion: RuleOccasion, log: Log): Promise<RuleEnd> {
    const { only, missing, waitUntil, by, hook } = occasion;
    try {
      const runOptions = { only, missing, waitUntil, durable, signal, cause: { by, hook } };
      return await runLogged(rule, runOptions, { ...options, log });
    } catch {
      return "failed";
    }
  }

  return async (rule, occasion) => {
    const { by, only, missing } = occasion;
    const log = withFields(options.log, { rule: rule.name, by });
    if (durableRules && only?.tag === undefined) {
      const { at, hook } = occasion;
      return await startDurably({ rule, at, only, missing, hook }, durableRules, log);
    }
    if (only || !isExclusive) {
      const end = await run(rule, occasion, log);
      if (typeof end === "string" || end.postponedUntil === undefined) return end;
      if (!durableRules || !only) return end;
      // A request cannot wait for a rate limit, but a Workflow can.
      const after = Math.ceil(end.postponedUntil / POSTPONED_SPAN_MS) * POSTPONED_SPAN_MS;
      const { tag: _, ...scope } = only;
      return await startDurably(
        { rule, at: after, only: scope, missing, after, hook: occasion.hook },
        durableRules,
        log,
      );
    }
    if (running.has(rule.name)) {
      log("warn", STILL_RUNNING);
      return "running";
    }
    running.add(rule.name);
    return await run(rule, occasion, log).finally(() => running.delete(rule.name));
  };
}

async function startDurably(
  run: RuleRun,
  durableRules: DurableRules,
  log: Log,
): Promise<RuleEnd> {
  try {
    const { id, state } = await durableRules.start(run);
    if (state === "running") {
      log("warn", STILL_RUNNING, { id });
      return "running";
    }
    if (state === "done") log("debug", "rule already ran at this time", { id });
    else log("info", "durable rule started", { id });
    return "started";
  } catch (error) {
    log("error", "rule did not start", describeFailure(error));
    return "failed";
  }
}

/** Runs the rules that are due at a tick, one after the other: for hosts whose clock only triggers ticks. */
export async function runDueRules(
  rules: readonly SyncRule[],
  dispatch: RuleDispatcher,
  tick: Tick,
): Promise<void> {
  for (const rule of rules) {
    if (!rule.schedule || !isDue(rule.schedule, tick)) continue;
    await dispatch(rule, { by: "schedule", at: tick.at });
  }
}
