/** Runs rules: by the clock, by an event, at the start. */
import type { CopyRequestInput } from "../copy/request.ts";
import type { SyncEngine } from "../sync/sync_engine.ts";
import type { Emit } from "../copy/model.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { RuleReport, SyncEvent, TagReport } from "../sync/model.ts";
import { runRule } from "../sync/run_rule.ts";
import { Slots } from "../sync/slots.ts";
import type { RunRuleOptions } from "../sync/run_rule.ts";
import type { ServerConfig } from "../config/server_config.ts";
import { withDefaults } from "../config/copy_defaults.ts";
import { describeError, withFields } from "../log.ts";
import type { DurableCopies } from "../durable/durable_copies.ts";
import type { DurableRules, RuleRun } from "./durable_rules.ts";
import type { Log, LogFields } from "../log.ts";
import type { Notifier } from "../webhooks/outgoing/notifier.ts";
import { toProblem } from "../problem.ts";
import { startDurableCopy } from "../durable/start_durable_copy.ts";

export interface RuleRunnerOptions {
  readonly config: ServerConfig;
  /** Called once a run. */
  readonly openEngine: () => SyncEngine;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly notify: Notifier;
  /** Where there is one, copies are started and go on by themselves. */
  readonly durable?: DurableCopies | undefined;
  /** Where there is one, whole rules are started and go on by themselves. */
  readonly durableRules?: DurableRules | undefined;
  /** Whether a rule is run by one at a time: on Workers one whose isolate was cut would never end. */
  readonly isExclusive?: boolean | undefined;
  /** Images at once over all rules. Default: as many as the configuration says for each run. */
  readonly slots?: Slots | undefined;
  /** Variables for names that are templates. */
  readonly env: Readonly<Record<string, string>>;
  /** What stands in a file that such a template names, where the host has files. */
  readonly readFile?: RunRuleOptions["readFile"];
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

/** How a run ended: with a report; or it goes on by itself, is under way already, or could not be run to its end. */
export type RuleEnd = RuleReport | "started" | "running" | "failed";

/** When the rest of a run is to be tried that a limit put off, in milliseconds since the epoch. */
export function putOffUntil(end: RuleEnd | undefined): number | undefined {
  return typeof end === "string" ? undefined : end?.putOffUntil;
}

const STILL_RUNNING = "rule is still running and not begun again";

/** What a limit put off goes on at a multiple of that. */
const LATER_MS = 5 * 60_000;

/** Runs one rule and logs what came of it. Never rejects. */
export type RuleRunner = (rule: SyncRule, occasion: RuleOccasion) => Promise<RuleEnd>;

/**
 * Makes a runner. A whole rule is not begun while it is under way, where the host lives long or has Workflows: what that run
 * finds is what another would find. What an event is about is looked at all the same, for it may be newer than that.
 */
export function createRuleRunner(options: RuleRunnerOptions): RuleRunner {
  const running = new Set<string>();
  return async (rule, occasion) => {
    const { by, only } = occasion;
    const log = withFields(options.log, { rule: rule.name, by });
    if (options.durableRules && only?.tag === undefined) {
      return await startAndLog(rule, occasion, options.durableRules, log);
    }
    if (only || !options.isExclusive) {
      const end = await runAndLog(rule, occasion, { ...options, log });
      const until = putOffUntil(end);
      if (until === undefined || !options.durableRules) return end;
      // A request cannot wait so long. What is put off until about the same time is one run.
      const after = Math.ceil(until / LATER_MS) * LATER_MS;
      const { repository } = only ?? {};
      const later = { by, at: after, after, ...(repository ? { only: { repository } } : {}) };
      return await startAndLog(rule, later, options.durableRules, log);
    }
    if (running.has(rule.name)) {
      log("warn", STILL_RUNNING);
      return "running";
    }
    running.add(rule.name);
    try {
      return await runAndLog(rule, occasion, { ...options, log });
    } finally {
      running.delete(rule.name);
    }
  };
}

async function startAndLog(
  rule: SyncRule,
  { at, only, after }: RuleOccasion & Pick<RuleRun, "after">,
  durableRules: DurableRules,
  log: Log,
): Promise<RuleEnd> {
  try {
    const { id, state } = await durableRules.start({ rule, at, only, after });
    if (state === "running") {
      log("warn", STILL_RUNNING, { id });
      return "running";
    }
    if (state === "done") log("debug", "rule did run at this time", { id });
    else log("info", "durable rule started", { id });
    return "started";
  } catch (error) {
    log("error", "rule did not start", describeFailure(error));
    return "failed";
  }
}

async function runAndLog(
  rule: SyncRule,
  { only, missing }: RuleOccasion,
  { durable, signal, ...host }: RuleRunnerOptions,
): Promise<RuleEnd> {
  try {
    return await runLogged(rule, { only, missing, durable, signal }, host);
  } catch {
    return "failed";
  }
}

/** What every run of a rule by the server needs. */
export type RuleHost = Pick<
  RuleRunnerOptions,
  "config" | "openEngine" | "log" | "now" | "notify" | "onEvent" | "slots" | "env" | "readFile"
>;

/**
 * Runs one rule, logs what came of it, and tells whoever wants to be told.
 *
 * @throws what the rule could not be run to its end for; it is logged by then
 */
export async function runLogged(
  rule: SyncRule,
  { durable, emit, ...options }:
    & Pick<RunRuleOptions, "only" | "missing" | "dryRun" | "started" | "signal" | "emit">
    & Pick<RuleRunnerOptions, "durable">,
  host: RuleHost,
): Promise<RuleReport> {
  const { config, openEngine, log, now, notify, onEvent, env, readFile } = host;
  const { slots = new Slots(config.sync.parallel) } = host;
  const engine = openEngine();
  const startCopy = durable &&
    ((request: CopyRequestInput) =>
      startDurableCopy(request, { durable, engine, rule: rule.name }));
  log("info", "rule started", options.only);
  try {
    const report = await runRule({ ...rule, copy: withDefaults(config, rule.copy) }, {
      ...options,
      engine,
      rules: config.sync.rules,
      now,
      slots,
      env,
      readFile,
      startCopy,
      emit: (event) => {
        tellLog(event, log);
        if (event.type === "tag-ended") notify(rule.name, event.tag);
        if (event.type === "copy") onEvent?.(event.event);
        emit?.(event);
      },
    });
    const { tags, rule: _, ...rest } = report;
    log(report.result === "ok" ? "info" : "warn", "rule ended", { ...rest, tags: count(tags) });
    return report;
  } catch (error) {
    log("error", "rule failed", describeFailure(error));
    throw error;
  }
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
