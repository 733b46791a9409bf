/** Tells a run of rules as it goes: what ended on stdout, everything else on stderr. */
import type { CopyEvent } from "../../copy/model.ts";
import type { EmitSync, SyncEvent, SyncFailure } from "../../sync/model.ts";
import type { CliEnvironment } from "../environment.ts";
import { formatFailure, formatPruneReport, formatRule, formatTagReport } from "./format_sync.ts";
import { ClosedOutputError, say, writeLines } from "./output.ts";
import { formatRetry } from "./progress.ts";
import { startPlainLines } from "./progress_plain.ts";
import { SyncTally } from "./sync_tally.ts";

/** Options of a command that decide what is told. */
export interface SyncOutputFlags {
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
  readonly progress?: "plain" | "none" | undefined;
}

export interface SyncOutput {
  readonly emit: EmitSync;
  /** Writes lines of the result, after those that were told before. Nobody who reads is no reason to stop. */
  write(lines: readonly string[]): void;
  /** Ends what is shown on the way. Resolves when all lines have been taken. */
  close(): Promise<void>;
}

export function startSyncOutput(
  { json, quiet, progress }: SyncOutputFlags,
  environment: CliEnvironment,
): SyncOutput {
  const tally = new SyncTally();
  const told = new Set<string>();
  const display = quiet || progress === "none" ? undefined : startPlainLines(tally, environment);
  let written = Promise.resolve();
  let isClosed = false;
  let lastRule: string | undefined;

  function write(lines: readonly string[]): void {
    written = written.then(() => isClosed ? undefined : writeLines(environment, lines))
      .catch((error) => {
        if (!(error instanceof ClosedOutputError)) throw error;
        isClosed = true;
      });
    // It is told when the output is closed.
    written.catch(() => {});
  }

  function writeOf(rule: string, line: string): void {
    if (json || quiet) return;
    write(rule === lastRule ? [line] : [formatRule(rule), line]);
    lastRule = rule;
  }

  /** Each once a run: the same retry comes from every copy. */
  function warn(line: string): void {
    if (quiet || told.has(line)) return;
    told.add(line);
    say(environment, line);
  }

  function tellCopy(rule: string, event: CopyEvent): void {
    if (event.type === "warning") warn(`warning: ${rule}: ${event.message}`);
    if (event.type === "retry") warn(formatRetry(event));
  }

  function tell(event: SyncEvent): void {
    switch (event.type) {
      case "copy":
        return tellCopy(event.rule, event.event);
      case "warning":
        return warn(`warning: ${event.rule}: ${event.message}`);
      case "tag-ended": {
        const { rule, tag } = event;
        writeOf(rule, formatTagReport(tag));
        if (tag.error) tellFailure(`${rule}: ${tag.source} -> ${tag.destination}`, tag.error);
        return;
      }
      case "prune-ended": {
        const { rule, pruned } = event;
        writeOf(rule, formatPruneReport(pruned));
        if (pruned.error) tellFailure(`${rule}: delete ${pruned.destination}`, pruned.error);
        return;
      }
      case "rule-ended":
        return told.clear();
    }
  }

  /** Where its line is not on stdout, and what to do about it. */
  function tellFailure(what: string, error: SyncFailure): void {
    if (quiet) say(environment, `error: ${what}: ${formatFailure(error)}`);
    else if (error.hint !== undefined) warn(`hint: ${error.hint}`);
  }

  return {
    write,
    emit(event): void {
      tally.add(event);
      tell(event);
    },
    async close(): Promise<void> {
      display?.close();
      await written;
    },
  };
}
