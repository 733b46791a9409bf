/** Runs rules: by the clock, by an event, at the start. */
import type { CopyRequestInput } from "../copy/request.ts";
import type { LocalEngine } from "../engine.ts";
import type { Emit } from "../events.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { RuleReport, TagReport } from "../sync/rule_report.ts";
import { runRule } from "../sync/run_rule.ts";
import { Slots } from "../sync/slots.ts";
import type { RunRuleOptions } from "../sync/run_rule.ts";
import type { SyncEvent } from "../sync/sync_event.ts";
import type { ServerConfig } from "./config.ts";
import { withDefaults } from "./copy_defaults.ts";
import { describeError } from "./describe_error.ts";
import type { DurableCopies } from "./durable_copies.ts";
import type { DurableRules } from "./durable_rules.ts";
import { withFields } from "./log.ts";
import type { Log, LogFields } from "./log.ts";
import type { Notifier } from "./notifier.ts";
import { toProblem } from "./problem.ts";
import { startDurableCopy } from "./start_durable_copy.ts";

export interface RuleRunnerOptions {
  readonly config: ServerConfig;
  /** Called once a run. */
  readonly openEngine: () => LocalEngine;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly notify: Notifier;
  /** Where there is one, copies are started and go on by themselves. */
  readonly durable?: DurableCopies | undefined;
  /** Where there is one, whole rules are started and go on by themselves. */
  readonly durableRules?: DurableRules | undefined;
  /** Whether a rule is run by one at a time: on Workers one whose isolate was cut would never end. */
  readonly isExclusive: boolean;
  /** Images at once over all rules. Default: as many as the configuration says for each run. */
  readonly slots?: Slots | undefined;
  /** Variables for names that are templates. */
  readonly env: Readonly<Record<string, string>>;
  /** Told of the retries of every copy. */
  readonly onEvent?: Emit | undefined;
  /** Aborted when the host has to end now. */
  readonly signal?: AbortSignal | undefined;
}

/** Why a rule is run, and what of it. */
export interface RuleOccasion extends Pick<RunRuleOptions, "only" | "missing"> {
  readonly by: "schedule" | "start" | "hook";
  /** Milliseconds since the epoch: the tick, or when the event came. */
  readonly at: number;
}

export interface RuleRunner {
  /**
   * Runs a rule, here or, where there is one, by the durable runner. Never rejects; says whether the rule could be run to its
   * end, or started.
   */
  run(rule: SyncRule, occasion: RuleOccasion): Promise<boolean>;
  /**
   * Runs a rule here, logs what came of each image, and tells whoever wants to be told.
   *
   * @throws as `runRule` does
   */
  runHere(rule: SyncRule, occasion: RuleOccasion): Promise<RuleReport>;
}

/**
 * Makes a runner. Where the host lives long, a whole rule is not begun while it is under way: what that run finds is what
 * another would find. What an event is about is looked at all the same, for it may be newer than that.
 */
export function createRuleRunner(options: RuleRunnerOptions): RuleRunner {
  const { log, isExclusive, durableRules } = options;
  const running = new Set<string>();

  function runHere(rule: SyncRule, occasion: RuleOccasion): Promise<RuleReport> {
    return runAndTell(rule, occasion, { ...options, log: toRuleLog(rule, occasion) });
  }

  async function runOrLog(rule: SyncRule, occasion: RuleOccasion): Promise<boolean> {
    try {
      await runHere(rule, occasion);
      return true;
    } catch (error) {
      toRuleLog(rule, occasion)("error", "rule failed", describeFailure(error));
      return false;
    }
  }

  function toRuleLog({ name }: SyncRule, { by }: RuleOccasion): Log {
    return withFields(log, { rule: name, by });
  }

  return {
    runHere,
    async run(rule, occasion): Promise<boolean> {
      const { only } = occasion;
      if (durableRules && only?.tag === undefined) {
        return await startAndLog(rule, occasion, durableRules, toRuleLog(rule, occasion));
      }
      if (!isExclusive || only) return await runOrLog(rule, occasion);
      if (running.has(rule.name)) {
        toRuleLog(rule, occasion)("warn", "rule is still running and not begun again");
        return true;
      }
      running.add(rule.name);
      try {
        return await runOrLog(rule, occasion);
      } finally {
        running.delete(rule.name);
      }
    },
  };
}

async function startAndLog(
  rule: SyncRule,
  { at, only }: RuleOccasion,
  durableRules: DurableRules,
  log: Log,
): Promise<boolean> {
  try {
    log("info", "durable rule started", { id: await durableRules.start({ rule, at, only }) });
    return true;
  } catch (error) {
    log("error", "rule did not start", describeFailure(error));
    return false;
  }
}

async function runAndTell(
  rule: SyncRule,
  { only, missing }: RuleOccasion,
  options: RuleRunnerOptions,
): Promise<RuleReport> {
  const { config, openEngine, log, now, notify, durable, onEvent, signal, env } = options;
  const { slots = new Slots(config.sync.parallel) } = options;
  const engine = openEngine();
  const startCopy = durable &&
    ((request: CopyRequestInput) =>
      startDurableCopy(request, { durable, engine, rule: rule.name }));
  log("info", "rule started", only);
  const report = await runRule({ ...rule, copy: withDefaults(config, rule.copy) }, {
    engine,
    now,
    only,
    missing,
    startCopy,
    slots,
    env,
    signal,
    emit: (event) => {
      tellLog(event, log);
      if (event.type === "tag-ended") notify(rule.name, event.tag);
      if (event.type === "copy") onEvent?.(event.event);
    },
  });
  const { tags, rule: _, ...rest } = report;
  log(report.result === "ok" ? "info" : "warn", "rule ended", { ...rest, tags: count(tags) });
  return report;
}

function describeFailure(error: unknown): LogFields {
  const problem = toProblem(error);
  return { problem, ...(problem.code === "internal" ? describeError(error) : {}) };
}

/** What a line of the log is worth: what is as it was is not. */
function tellLog(event: SyncEvent, log: Log): void {
  switch (event.type) {
    case "warning":
      return log("warn", "warning", { detail: event.message });
    case "copy": {
      const { event: { type, ...rest }, source, destination } = event;
      if (type === "retry") log("warn", "retry", rest);
      if (type === "warning") log("warn", "warning", { source, destination, ...rest });
      return;
    }
    case "tag-ended": {
      const { source, destination, result, digest, error, report, id } = event.tag;
      const about = { source, destination, digest };
      if (result === "failed") return log("warn", "copy failed", { ...about, problem: error });
      if (result === "started") return log("info", "durable copy started", { ...about, id });
      if (result !== "copied" || !report) {
        return log("debug", "copy not needed", { ...about, result });
      }
      const { warnings: _, ...summary } = report;
      return log("info", "copy ended", summary);
    }
    case "prune-ended": {
      const { result, ...rest } = event.pruned;
      return log(result === "failed" ? "warn" : "info", `prune: ${result}`, rest);
    }
  }
}

/** How many images came to what. */
function count(tags: readonly TagReport[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { result } of tags) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}
