/** `crossdock sync --watch`: rules run by their schedules until the program is stopped. */
import { ParseError } from "../../errors.ts";
import { runRules } from "../../sync/run_rules.ts";
import { nextRun } from "../../sync/next_run.ts";
import type { SyncRule } from "../../sync/rule.ts";
import type { RuleReport } from "../../sync/model.ts";
import { sleepUntil } from "../../sync/sleep_until.ts";
import type { Runtime } from "../../runtime.ts";
import type { CommandContext } from "./command_context.ts";
import { formatCounts } from "../output/format_sync.ts";
import { openLocalRules } from "../options/open_rules.ts";
import type { LocalRules, RulesFlags } from "../options/open_rules.ts";
import { say } from "../output/output.ts";
import { startSyncOutput } from "../output/sync_output.ts";
import type { SyncOutput, SyncOutputFlags } from "../output/sync_output.ts";

type WatchFlags = RulesFlags & SyncOutputFlags;

/**
 * Copies what is missing, as regsync's server does at its start, and then runs each rule by its own schedule. A rule does not
 * overlap with itself: what would have been its time while it runs is left out.
 *
 * @throws StoppedError; ParseError if no rule has a schedule
 */
export async function watchRules(flags: WatchFlags, context: CommandContext): Promise<void> {
  const { environment, signal } = context;
  const { rules, runner } = await openLocalRules(flags, environment);
  const scheduled = rules.filter(({ schedule }) => schedule !== undefined);
  if (scheduled.length === 0) {
    throw new ParseError("no rule has a schedule to be watched by", {
      hint: "give it, or defaults, an interval or a schedule",
    });
  }
  for (const { name, schedule } of rules) {
    if (!schedule && !flags.quiet) {
      say(environment, `warning: ${name}: it has no schedule and runs once`);
    }
  }
  const runtime = await environment.createRuntime();
  const output = startSyncOutput(flags, environment);
  const watch: Watch = { flags, context, output, runtime, runner };
  try {
    const now = (): number => environment.now();
    await runRules(rules, runner, { missing: true, now, signal, emit: output.emit });
    await Promise.all(scheduled.map((rule) => repeat(rule, watch)));
  } finally {
    await output.close();
  }
}

interface Watch extends Pick<LocalRules, "runner"> {
  readonly flags: WatchFlags;
  readonly context: CommandContext;
  readonly output: SyncOutput;
  readonly runtime: Pick<Runtime, "sleep">;
}

/** Ends for a schedule that never comes round again; else rejects when it is stopped. */
async function repeat(rule: SyncRule, watch: Watch): Promise<void> {
  const { context: { environment, signal }, output, runner, flags, runtime } = watch;
  const now = (): number => environment.now();
  let last: RuleReport | undefined;
  for (;;) {
    const at = findNext(rule, last, now());
    const next = at === undefined ? "never" : new Date(at).toISOString();
    const done = last ? `${formatCounts([last])}; ` : "";
    if (!flags.quiet) output.write([`next          ${rule.name}: ${done}${next}`]);
    if (at === undefined) return;
    await sleepUntil(at, { now, sleep: (ms, own) => runtime.sleep(ms, own) }, signal);
    const { rules: [report] } = await runRules([rule], runner, { now, signal, emit: output.emit });
    last = report;
  }
}

/** A rule that was put off goes on as soon as it may, whatever its schedule says. */
function findNext(
  { schedule }: SyncRule,
  last: RuleReport | undefined,
  now: number,
): number | undefined {
  if (last?.putOffUntil !== undefined) return Math.max(last.putOffUntil, now);
  return schedule && nextRun(schedule, now);
}
