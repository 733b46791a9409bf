/** Prints the events of a run of rules: results to stdout, everything else to stderr. */
import type { CopyEvent } from "../../copy/model.ts";
import type { EmitSync, PruneReport, SyncEvent, SyncFailure, TagReport } from "../../sync/model.ts";
import type { CliEnvironment } from "../environment.ts";
import { toCommandHint } from "./command_hint.ts";
import { formatFailure, formatPruneReport, formatRule, formatTagReport } from "./format_sync.ts";
import { ClosedOutputError, writeJsonLine, writeResult, writeStderr } from "./output.ts";
import { formatRetry } from "./progress.ts";
import { writeEvent } from "./progress_json.ts";
import { startPlainLines } from "./progress_plain.ts";
import { SyncTally } from "./sync_tally.ts";

/** A line of the log: an event, or the next time of a rule. */
type LogEntry = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Results of tags to which nothing happened, and nothing will. */
const NO_CHANGES: ReadonlySet<TagReport["result"]> = new Set(["unchanged", "skipped"]);

/** The flags that select what is printed. */
export interface SyncOutputFlags {
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
  /** Leaves out tags to which nothing happened. */
  readonly changes?: true | undefined;
  /** Begins each line with its time, for a program that runs for long. With `json`, each result is a line of JSON. */
  readonly isLog?: boolean | undefined;
  readonly progress?: "plain" | "json" | "none" | undefined;
  /** The server that runs the rules. */
  readonly via?: string | undefined;
  /** The command whose flags hints name. Default: `sync`, with the keys of rules. */
  readonly command?: string | undefined;
}

export interface SyncOutput {
  readonly emit: EmitSync;
  /** Writes lines of the result, after earlier ones. A closed stdout does not stop the run. */
  write(lines: readonly string[]): void;
  /** Writes a line of JSON with its time, after earlier ones. */
  writeLog(entry: LogEntry): void;
  /** Removes the progress display, and waits until all lines are written. */
  close(): Promise<void>;
}

export function startSyncOutput(
  { json, quiet, changes, isLog, progress, via, command = "sync" }: SyncOutputFlags,
  outer: CliEnvironment,
): SyncOutput {
  const writesLog = isLog && json && !quiet;
  const environment = isLog && !json ? withTimes(outer) : outer;
  const tally = new SyncTally();
  const shown = new Set<string>();
  const writesEvents = !quiet && progress === "json";
  const display = quiet || progress === "none" || writesEvents || writesLog
    ? undefined
    : startPlainLines(tally, environment);
  let written = Promise.resolve();
  let isClosed = false;
  let lastRule: string | undefined;

  function write(lines: readonly string[]): void {
    writeLater(() => writeResult(environment, lines));
  }

  function writeLog(entry: LogEntry): void {
    const line = { time: new Date(outer.now()).toISOString(), ...entry };
    writeLater(() => writeJsonLine(environment, line));
  }

  function writeLater(write: () => Promise<void>): void {
    written = written.then(() => isClosed ? undefined : write())
      .catch((error) => {
        if (!(error instanceof ClosedOutputError)) throw error;
        isClosed = true;
      });
    // An error is thrown by `close`.
    written.catch(() => {});
  }

  function printResult(rule: string, line: string): void {
    if (json || quiet) return;
    write(rule === lastRule ? [line] : [formatRule(rule), line]);
    lastRule = rule;
  }

  /** Prints each line once per run of a rule, because many copies report the same retry. */
  function printOnce(line: string, print = printNow): void {
    // The events contain the same.
    if (quiet || writesEvents || shown.has(line)) return;
    shown.add(line);
    print(line);
  }

  function printNow(line: string): void {
    writeStderr(environment, line);
  }

  /** A hint belongs to the result above it, which may not be written yet. */
  function printAfterResults(line: string): void {
    written = written.then(() => printNow(line));
    // An error is thrown by `close`.
    written.catch(() => {});
  }

  function printCopy(rule: string, event: CopyEvent): void {
    if (event.type === "warning") printOnce(`warning: ${rule}: ${event.message}`);
    if (event.type === "retry") printOnce(formatRetry(event));
  }

  function print(event: SyncEvent): void {
    switch (event.type) {
      case "copy":
        return printCopy(event.rule, event.event);
      case "warning":
        return printOnce(`warning: ${event.rule}: ${event.message}`);
      case "tag-ended": {
        const { rule, tag } = event;
        if (!changes || !NO_CHANGES.has(tag.result)) printResult(rule, formatTagReport(tag));
        if (tag.error) printFailure(`${rule}: ${tag.source} -> ${tag.destination}`, tag.error);
        return;
      }
      case "prune-ended": {
        const { rule, pruned } = event;
        printResult(rule, formatPruneReport(pruned));
        if (pruned.error) printFailure(`${rule}: delete ${pruned.destination}`, pruned.error);
        return;
      }
      case "rule-ended":
        return shown.clear();
    }
  }

  /** Prints the hint of a failure, or with `--quiet` its message, which stdout does not have then. */
  function printFailure(what: string, error: SyncFailure): void {
    if (quiet) writeStderr(environment, `error: ${what}: ${formatFailure(error)}`);
    else if (error.hint !== undefined) {
      const hint = toCommandHint(error.hint, { command, side: error.side, values: { via } });
      if (hint !== undefined) printOnce(`hint: ${hint}`, printAfterResults);
    }
  }

  return {
    write,
    writeLog,
    emit(event): void {
      tally.add(event);
      if (writesEvents) writeEvent(environment, event);
      const entry = writesLog ? toLogEntry(event, changes) : undefined;
      if (entry) writeLog(entry);
      print(event);
    },
    async close(): Promise<void> {
      display?.close();
      await written;
    },
  };
}

/** Begins each line with its time. */
function withTimes(environment: CliEnvironment): CliEnvironment {
  const linePrefix = (): string =>
    `${new Date(environment.now()).toISOString().replace(/\.\d+/, "")}  `;
  return { ...environment, linePrefix };
}

/** What a log has of an event. A rule has counts in place of its tags, because each tag has its own entry. */
function toLogEntry(event: SyncEvent, changes: true | undefined): LogEntry | undefined {
  switch (event.type) {
    case "tag-ended":
      return changes && NO_CHANGES.has(event.tag.result) ? undefined : event;
    case "prune-ended":
    case "warning":
      return event;
    case "rule-ended": {
      const { tags, pruned, ...rest } = event.report;
      return Object.assign({ type: event.type }, rest, { counts: countResults(tags, pruned) });
    }
    default:
      return undefined;
  }
}

function countResults(
  tags: readonly TagReport[],
  pruned: readonly PruneReport[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { result } of [...tags, ...pruned]) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}
