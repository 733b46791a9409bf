/** Runs rules once and prints their results: for `sync`, and for `copy --all-tags`. */
import type { DetachedSync } from "../../client/remote_engine.ts";
import type { EmitSync, RuleReport, RuleStatus, SyncReport } from "../../sync/model.ts";
import type { OpenedRules } from "../options/open_rules.ts";
import { EXIT_ALL_FAILED, EXIT_DONE, EXIT_SOME_FAILED, exitCodeOf } from "../output/exit_codes.ts";
import { formatCounts, formatSyncSummary } from "../output/format_sync.ts";
import { writeJson, writeStderr } from "../output/output.ts";
import { writeEvent } from "../output/progress_json.ts";
import { findStrictFailures } from "../output/strict_sync.ts";
import { startSyncOutput } from "../output/sync_output.ts";
import type { SyncOutput, SyncOutputFlags } from "../output/sync_output.ts";
import { SyncRecord } from "../output/sync_record.ts";
import { StoppedError } from "../stopped_error.ts";
import type { CommandContext } from "./command_context.ts";

export interface RunSyncFlags extends SyncOutputFlags {
  readonly dryRun?: true | undefined;
  readonly missing?: true | undefined;
  readonly strict?: true | undefined;
}

/** Runs opened rules once, prints each result and the summary, and sets the exit code. */
export async function runSync(
  opened: Pick<OpenedRules, "sync">,
  flags: RunSyncFlags,
  context: CommandContext,
): Promise<void> {
  const { environment, signal } = context;
  const { dryRun, missing } = flags;
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
  { json, quiet, strict, progress }: RunSyncFlags,
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
  { json }: RunSyncFlags,
  { environment, setProblemStream }: CommandContext,
): Promise<StoppedError> {
  if (json) await writeJson(environment, { result: "stopped", rules });
  setProblemStream(undefined);
  return new StoppedError(
    signalName,
    `stopped: ${formatCounts(rules)}; run the same command again to continue`,
  );
}

/** Reports what `--strict` treats as a failure. The exit code of other failures takes precedence. */
export function failStrictly(
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
