/** `crossdock sync` */
import type { Command } from "@commander-js/extra-typings";
import { ParseError } from "../../errors.ts";
import type { SyncStatus } from "../../sync/model.ts";
import { addOptions } from "../options/add_options.ts";
import type { ValuesOf } from "../options/add_options.ts";
import { openRules } from "../options/open_rules.ts";
import * as options from "../options/options.ts";
import {
  EXIT_ALL_FAILED,
  EXIT_DIFFERENT,
  EXIT_DONE,
  EXIT_SOME_FAILED,
} from "../output/exit_codes.ts";
import { formatSyncStatus } from "../output/format_sync.ts";
import { writeJson, writeResult, writeStderr } from "../output/output.ts";
import type { CommandContext } from "./command_context.ts";
import { failStrictly, runSync } from "./run_sync.ts";
import { watchRules } from "./watch_rules.ts";

const OPTIONS = [
  ...options.SYNC_OPTIONS,
  ...options.ENGINE_OPTIONS,
  ...options.VIA_OPTIONS,
  options.detachOption,
  options.jsonOption,
  options.quietOption,
  options.changesOption,
  options.syncProgressOption,
] as const;

type SyncFlags = ValuesOf<typeof OPTIONS>;

export function defineSync(command: Command, context: CommandContext): void {
  addOptions(
    command.allowExcessArguments(),
    ...OPTIONS,
  ).action(async (flags) => {
    if (command.args.length > 0) {
      throw new ParseError("sync has no arguments: it runs the rules of a config file", {
        hint: "to copy all tags of a repository, run crossdock copy --all-tags SOURCE DESTINATION",
      });
    }
    rejectContradictions(flags);
    if (flags.watch) await watchRules(flags, context);
    else if (flags.status) await printStatus(flags, context);
    else await runSync(await openRules(flags, context.environment), flags, context);
  });
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
  ["status", "changes"],
  ["quiet", "changes"],
  ["status", "detach"],
  ["status", "state"],
  ["watch", "dryRun"],
  ["watch", "missing"],
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
