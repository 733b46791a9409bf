/** Runs a rule on a server, and logs its events and sends notices about them. */
import type { CopyRequestInput } from "../copy/request.ts";
import type { Emit } from "../copy/model.ts";
import type { DurableCopies } from "../durable/durable_copies.ts";
import { startDurableCopy } from "../durable/durable_copies.ts";
import { describeError } from "../log.ts";
import type { Log, LogFields } from "../log.ts";
import { toProblem } from "../problem.ts";
import { localSteps } from "../sync/local_rules.ts";
import { openRuleContext } from "../sync/rule_context.ts";
import type { RuleContext, RuleContextOptions } from "../sync/rule_context.ts";
import type { SyncRule } from "../sync/rule.ts";
import type { EmitSync, RuleReport, SyncEvent } from "../sync/model.ts";
import { runRule } from "../sync/run_rule.ts";
import type { RunRuleOptions } from "../sync/run_rule.ts";
import { Slots } from "../copy/slots.ts";
import type { SyncEngine } from "../sync/sync_engine.ts";
import type { Notifier } from "../webhooks/outgoing/notifier.ts";
import type { ServerConfig } from "../config/server_config.ts";
import type { RunCause } from "../history/model.ts";
import { toSyncRequest } from "../history/recorder.ts";
import type { Postpone, RunRecorder } from "../history/recorder.ts";
import { countResults } from "../history/run_record.ts";

/** Shared by all runs of rules on a server. */
export interface RuleHost extends Pick<RuleContextOptions, "now" | "slots" | "readFile" | "state"> {
  readonly config: Pick<ServerConfig, "sync">;
  /** Called once per run. */
  readonly openEngine: () => SyncEngine;
  readonly log: Log;
  readonly notify: Notifier;
  readonly recorder: RunRecorder;
  /** Variables for the template of `backup`. */
  readonly env: Readonly<Record<string, string>>;
  /** Receives the retries and warnings of every copy. */
  readonly onEvent?: Emit | undefined;
}

/** The options of one run. */
export interface HostRunOptions {
  /** Starts durable copies instead of copying in the run. */
  readonly durable?: DurableCopies | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly emit?: EmitSync | undefined;
  readonly dryRun?: boolean | undefined;
  readonly maxDates?: number | undefined;
}

/** Opens the context of a run. Events of its steps are logged and sent as notices. */
export function openHostContext(
  rule: SyncRule,
  { durable, signal, emit, dryRun, maxDates }: HostRunOptions,
  host: RuleHost,
): RuleContext {
  const { config, openEngine, log, now, notify, onEvent, env, readFile, state } = host;
  const { slots = new Slots(config.sync.parallel) } = host;
  const engine = openEngine();
  return openRuleContext(rule, {
    engine,
    rules: config.sync.rules,
    now,
    slots,
    env,
    readFile,
    state,
    signal,
    maxDates,
    isReadOnly: dryRun,
    startCopy: durable &&
      ((request: CopyRequestInput) =>
        startDurableCopy(request, { durable, engine, rule: rule.name })),
    emit(event): void {
      logSyncEvent(event, log);
      if (event.type === "tag-ended") notify(rule.name, event.tag);
      if (event.type === "copy") onEvent?.(event.event);
      emit?.(event);
    },
  });
}

/**
 * Runs a rule in this process, logs its result, and records it in the history. A dry run is not recorded.
 *
 * @throws the error that ended the run early; it is logged
 */
export async function runLogged(
  rule: SyncRule,
  options: HostRunOptions & Omit<RunRuleOptions, "now"> & { readonly cause: RunCause },
  host: RuleHost,
): Promise<RuleReport> {
  const { log, now, recorder } = host;
  const { only, missing, dryRun, cause, waitUntil } = options;
  log("info", "rule started", { ...only });
  const run = async (postpone?: Postpone): Promise<RuleReport> => {
    const context = openHostContext(rule, options, host);
    const { emit } = context;
    const wait = waitUntil && ((time: number): Promise<boolean> => {
      postpone?.(time);
      return waitUntil(time);
    });
    return await runRule(rule, localSteps(context), { ...options, now, emit, waitUntil: wait });
  };
  const about = { rule: rule.name, only: only && formatOnly(only), missing };
  try {
    const report = dryRun
      ? await run()
      : await recorder.record({ ...cause, ...about, request: toSyncRequest(about) }, run);
    const { tags, rule: _, ...rest } = report;
    log(report.result === "ok" ? "info" : "warn", "rule ended", {
      ...rest,
      tags: countResults(tags),
    });
    return report;
  } catch (error) {
    log("error", "rule failed", describeFailure(error));
    throw error;
  }
}

export function describeFailure(error: unknown): LogFields {
  const problem = toProblem(error);
  return { problem, ...(problem.code === "internal" ? describeError(error) : {}) };
}

/** Formats a part of a rule: `registry/repository[:tag]`. */
function formatOnly(
  { repository, tag }: NonNullable<RunRuleOptions["only"]>,
): string {
  return tag === undefined ? repository : `${repository}:${tag}`;
}

/** Logs one event. A tag that did not change is logged at debug level only. */
function logSyncEvent(event: SyncEvent, log: Log): void {
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
      const { source, destination, result, digest, remembered, error, report, id } = event.tag;
      const about = { source, destination, digest };
      if (result === "failed") return log("warn", "copy failed", { ...about, problem: error });
      if (result === "started") return log("info", "durable copy started", { ...about, id });
      if (result !== "copied" || !report) {
        return log("debug", "copy not needed", { ...about, result, remembered });
      }
      const { warnings: _, ...summary } = report;
      return log("info", "copy ended", summary);
    }
    case "prune-ended": {
      const { result, ...rest } = event.pruned;
      // One warning counts the tags that are held back.
      const level = result === "failed" ? "warn" : result === "held-back" ? "debug" : "info";
      return log(level, `prune: ${result}`, rest);
    }
  }
}
