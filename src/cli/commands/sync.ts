/** `crossdock sync` */
import type { Command } from "@commander-js/extra-typings";
import type { DetachedSync } from "../../client/remote_engine.ts";
import { ParseError } from "../../errors.ts";
import type { EmitSync, RuleReport, RuleStatus, SyncReport, SyncStatus } from "../../sync/model.ts";
import { addOptions } from "../options/add_options.ts";
import type { ValuesOf } from "../options/add_options.ts";
import { openRules } from "../options/open_rules.ts";
import * as options from "../options/options.ts";
import {
  EXIT_ALL_FAILED,
  EXIT_DIFFERENT,
  EXIT_DONE,
  EXIT_SOME_FAILED,
  exitCodeOf,
} from "../output/exit_codes.ts";
import { formatCounts, formatSyncStatus, formatSyncSummary } from "../output/format_sync.ts";
import { writeJson, writeResult, writeStderr } from "../output/output.ts";
import { writeEvent } from "../output/progress_json.ts";
import { findStrictFailures } from "../output/strict_sync.ts";
import { startSyncOutput } from "../output/sync_output.ts";
import type { SyncOutput } from "../output/sync_output.ts";
import { SyncRecord } from "../output/sync_record.ts";
import { StoppedError } from "../stopped_error.ts";
import type { CommandContext } from "./command_context.ts";
import { watchRules } from "./watch_rules.ts";

const OPTIONS = [
  ...options.SYNC_OPTIONS,
  ...options.ENGINE_OPTIONS,
  ...options.VIA_OPTIONS,
  options.detachOption,
  options.jsonOption,
  options.quietOption,
  options.syncProgressOption,
] as const;

type SyncFlags = ValuesOf<typeof OPTIONS>;

export function defineSync(command: Command, context: CommandContext): void {
  addOptions(
    command,
    ...OPTIONS,
  ).action(async (flags) => {
    rejectContradictions(flags);
    if (flags.watch) await watchRules(flags, context);
    else if (flags.status) await printStatus(flags, context);
    else await syncOnce(flags, context);
  });
}

async function syncOnce(flags: SyncFlags, context: CommandContext): Promise<void> {
  const { environment, signal } = context;
  const { dryRun, missing } = flags;
  const opened = await openRules(flags, environment);
  const output = startSyncOutput(flags, environment);
  const record = new SyncRecord();
  const emit: EmitSync = (event) => {
    record.add(event);
    output.emit(event);
  };
  try {
    const request = { ...(dryRun ? { dryRun } : {}), ...(missing ? { missing } : {}) };
    const done = await opened.sync(request, { signal, emit });
    await printResult(done, flags, output, context);
  } catch (error) {
    const reason: unknown = signal.reason;
    if (!(reason instanceof StoppedError)) throw error;
    await output.close();
    throw await printStopped(reason, record, flags, context);
  } finally {
    await output.close();
  }
}

async function printResult(
  done: DetachedSync,
  { json, quiet, strict, progress }: SyncFlags,
  output: SyncOutput,
  context: CommandContext,
): Promise<void> {
  const { environment, setExitCode } = context;
  if ("started" in done) {
    const { started } = done;
    if (json) await writeJson(environment, started);
    else if (!quiet) {
      output.write(started.rules.map(({ rule, id }) => `started       ${rule}  ${id}`));
    }
    return;
  }
  const { report } = done;
  if (progress === "json" && !quiet) writeEvent(environment, { type: "report", report });
  const { result, rules } = report;
  const isFailed = result === "some-failed" || result === "all-failed";
  setExitCode(exitCodeOfResult(result));
  if (strict) failStrictly(rules, { isFailed }, context);
  if (json) await writeJson(environment, report);
  else if (!quiet) output.write(["", ...formatSyncSummary(rules, report.durationMs)]);
}

/** Prints the results of a stopped run like those of a finished one, because they remain. */
async function printStopped(
  { signalName }: StoppedError,
  { rules }: SyncRecord,
  { json }: SyncFlags,
  { environment, setProblemStream }: CommandContext,
): Promise<StoppedError> {
  if (json) await writeJson(environment, { result: "stopped", rules });
  setProblemStream(undefined);
  return new StoppedError(
    signalName,
    `stopped: ${formatCounts(rules)}; run the same command again to continue`,
  );
}

async function printStatus(flags: SyncFlags, context: CommandContext): Promise<void> {
  const { environment, signal, setExitCode } = context;
  const opened = await openRules(flags, environment);
  const status = await opened.status({ signal });
  setExitCode(exitCodeOfStatus(status));
  for (const { rule, warnings = [] } of flags.quiet ? [] : status.rules) {
    for (const message of warnings) writeStderr(environment, `warning: ${rule}: ${message}`);
  }
  if (flags.strict) {
    failStrictly(status.rules, { isFailed: status.state === "error" }, context);
  }
  if (flags.json) await writeJson(environment, status);
  else if (!flags.quiet) await writeResult(environment, formatSyncStatus(status));
}

/** Reports what `--strict` treats as a failure. The exit code of other failures takes precedence. */
function failStrictly(
  rules: readonly (RuleReport | RuleStatus)[],
  { isFailed }: { readonly isFailed: boolean },
  { environment, setExitCode }: CommandContext,
): void {
  const { lines, exitCode } = findStrictFailures(rules);
  for (const line of lines) writeStderr(environment, `error: ${line}`);
  if (lines.length > 0 && !isFailed) setExitCode(exitCode);
}

function exitCodeOfResult(result: SyncReport["result"]): number {
  const codes: Readonly<Record<RuleReport["result"], number>> = {
    "ok": EXIT_DONE,
    "postponed": exitCodeOf("rate_limited"),
    "some-failed": EXIT_SOME_FAILED,
    "all-failed": EXIT_ALL_FAILED,
  };
  return codes[result];
}

function exitCodeOfStatus({ state, rules }: SyncStatus): number {
  if (state === "in-step") return EXIT_DONE;
  if (state === "behind") return EXIT_DIFFERENT;
  const isAll = rules.every(({ tags }) => tags.every(({ state }) => state === "error"));
  return isAll ? EXIT_ALL_FAILED : EXIT_SOME_FAILED;
}

/** Options that contradict each other. */
const CONTRADICTIONS: readonly [keyof SyncFlags, keyof SyncFlags][] = [
  ["status", "dryRun"],
  ["status", "missing"],
  ["status", "watch"],
  ["status", "detach"],
  ["watch", "dryRun"],
  ["watch", "missing"],
  ["watch", "json"],
  ["watch", "via"],
  ["detach", "dryRun"],
  ["strict", "watch"],
  ["strict", "detach"],
];

function rejectContradictions(flags: SyncFlags): void {
  const found = CONTRADICTIONS.find(([a, b]) => flags[a] !== undefined && flags[b] !== undefined);
  if (!found) return;
  const [a, b] = found.map((name) => `--${name === "dryRun" ? "dry-run" : name}`);
  throw new ParseError(`${a} and ${b} cannot be combined`);
}
