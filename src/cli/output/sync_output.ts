/** Prints the events of a run of rules: results to stdout, everything else to stderr. */
import type { CopyEvent } from "../../copy/model.ts";
import type { EmitSync, SyncEvent, SyncFailure } from "../../sync/model.ts";
import type { CliEnvironment } from "../environment.ts";
import { toCommandHint } from "./command_hint.ts";
import { formatFailure, formatPruneReport, formatRule, formatTagReport } from "./format_sync.ts";
import { ClosedOutputError, writeResult, writeStderr } from "./output.ts";
import { formatRetry } from "./progress.ts";
import { writeEvent } from "./progress_json.ts";
import { startPlainLines } from "./progress_plain.ts";
import { SyncTally } from "./sync_tally.ts";

/** The flags that select what is printed. */
export interface SyncOutputFlags {
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
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
  /** Removes the progress display, and waits until all lines are written. */
  close(): Promise<void>;
}

export function startSyncOutput(
  { json, quiet, progress, via, command = "sync" }: SyncOutputFlags,
  environment: CliEnvironment,
): SyncOutput {
  const tally = new SyncTally();
  const shown = new Set<string>();
  const writesEvents = !quiet && progress === "json";
  const display = quiet || progress === "none" || writesEvents
    ? undefined
    : startPlainLines(tally, environment);
  let written = Promise.resolve();
  let isClosed = false;
  let lastRule: string | undefined;

  function write(lines: readonly string[]): void {
    written = written.then(() => isClosed ? undefined : writeResult(environment, lines))
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
        printResult(rule, formatTagReport(tag));
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
    emit(event): void {
      tally.add(event);
      if (writesEvents) writeEvent(environment, event);
      print(event);
    },
    async close(): Promise<void> {
      display?.close();
      await written;
    },
  };
}
