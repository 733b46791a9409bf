/** `crossdock sync` */
import type { Command } from "@commander-js/extra-typings";
import type { DetachedSync } from "../../client/remote_engine.ts";
import { ParseError } from "../../errors.ts";
import type { EmitSync, RuleReport, SyncReport, SyncStatus } from "../../sync/model.ts";
import type { CommandContext } from "./command_context.ts";
import {
  EXIT_ALL_FAILED,
  EXIT_DIFFERENT,
  EXIT_DONE,
  EXIT_SOME_FAILED,
  exitCodeOf,
} from "../output/exit_codes.ts";
import { formatCounts, formatSyncStatus, formatSyncSummary } from "../output/format_sync.ts";
import { openRules } from "../options/open_rules.ts";
import type { RulesFlags } from "../options/open_rules.ts";
import * as options from "../options/options.ts";
import { writeJson, writeLines } from "../output/output.ts";
import { StoppedError } from "../stopped_error.ts";
import { startSyncOutput } from "../output/sync_output.ts";
import type { SyncOutput, SyncOutputFlags } from "../output/sync_output.ts";
import { SyncRecord } from "../output/sync_record.ts";
import { watchRules } from "./watch_rules.ts";

/** All options of `sync`. */
interface SyncFlags extends RulesFlags, SyncOutputFlags {
  readonly dryRun?: true | undefined;
  readonly missing?: true | undefined;
  readonly status?: true | undefined;
  readonly watch?: true | undefined;
}

export function addSyncCommand(program: Command, context: CommandContext): void {
  program.command("sync")
    .description("run the rules of crossdock.yaml: keep mirrors in step")
    .addOption(options.configOption)
    .addOption(options.ruleOption)
    .addOption(options.syncDryRunOption)
    .addOption(options.missingOption)
    .addOption(options.statusOption)
    .addOption(options.watchOption)
    .addOption(options.authfileOption)
    .addOption(options.concurrencyOption)
    .addOption(options.timeoutOption)
    .addOption(options.retriesOption)
    .addOption(options.viaOption)
    .addOption(options.viaTokenEnvOption)
    .addOption(options.viaTokenFdOption)
    .addOption(options.detachOption)
    .addOption(options.jsonOption)
    .addOption(options.quietOption)
    .addOption(options.syncProgressOption)
    .action(async (flags) => {
      refuseContradictions(flags);
      if (flags.watch) await watchRules(flags, context);
      else if (flags.status) await tellStatus(flags, context);
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
    await tellDone(done, flags, output, context);
  } catch (error) {
    const reason: unknown = signal.reason;
    if (!(reason instanceof StoppedError)) throw error;
    await output.close();
    throw await tellStopped(reason, record, flags, context);
  } finally {
    await output.close();
  }
}

async function tellDone(
  done: DetachedSync,
  { json, quiet }: SyncFlags,
  output: SyncOutput,
  { environment, setExitCode }: CommandContext,
): Promise<void> {
  if ("started" in done) {
    const { started } = done;
    if (json) await writeJson(environment, started);
    else if (!quiet) {
      output.write(started.rules.map(({ rule, id }) => `started       ${rule}  ${id}`));
    }
    return;
  }
  const { report } = done;
  setExitCode(exitCodeOfResult(report.result));
  if (json) await writeJson(environment, report);
  else if (!quiet) output.write(["", ...formatSyncSummary(report.rules, report.durationMs)]);
}

/** What had been done stays, so that it is told as after a run that came to its end. */
async function tellStopped(
  { signalName }: StoppedError,
  { rules }: SyncRecord,
  { json }: SyncFlags,
  { environment }: CommandContext,
): Promise<StoppedError> {
  if (json) await writeJson(environment, { result: "stopped", rules });
  return new StoppedError(
    signalName,
    `stopped: ${formatCounts(rules)}; the same again goes on from there`,
  );
}

async function tellStatus(flags: SyncFlags, context: CommandContext): Promise<void> {
  const { environment, signal, setExitCode } = context;
  const opened = await openRules(flags, environment);
  const status = await opened.status({ signal });
  setExitCode(exitCodeOfStatus(status));
  if (flags.json) await writeJson(environment, status);
  else if (!flags.quiet) await writeLines(environment, formatSyncStatus(status));
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

/** Options that leave each other without a meaning. */
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
];

function refuseContradictions(flags: SyncFlags): void {
  const found = CONTRADICTIONS.find(([a, b]) => flags[a] !== undefined && flags[b] !== undefined);
  if (!found) return;
  const [a, b] = found.map((name) => `--${name === "dryRun" ? "dry-run" : name}`);
  throw new ParseError(`${a} and ${b} exclude each other: give one of them`);
}
