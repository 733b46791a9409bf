/** `crossdock sync --watch`: runs rules on their schedules until the program is stopped. */
import { ParseError } from "../../errors.ts";
import { runRules } from "../../sync/run_rules.ts";
import type { SyncRule } from "../../sync/rule.ts";
import type { RuleReport } from "../../sync/model.ts";
import { runClock } from "../../rules/clock.ts";
import { StoppedError } from "../stopped_error.ts";
import type { CommandContext } from "./command_context.ts";
import { formatCounts } from "../output/format_sync.ts";
import { openLocalRules } from "../options/open_rules.ts";
import type { RulesFlags } from "../options/open_rules.ts";
import { writeStderr } from "../output/output.ts";
import { startSyncOutput } from "../output/sync_output.ts";
import type { SyncOutputFlags } from "../output/sync_output.ts";

type WatchFlags = RulesFlags & SyncOutputFlags;

/**
 * Copies missing tags, as regsync's server does at its start, and then runs each rule on its schedule. A rule never runs
 * twice at the same time: scheduled times that pass while it runs are skipped.
 *
 * @throws StoppedError; ParseError if no rule has a schedule
 */
export async function watchRules(flags: WatchFlags, context: CommandContext): Promise<void> {
  const { environment, signal } = context;
  const { rules, runner } = await openLocalRules(flags, environment);
  const scheduled = rules.filter(({ schedule }) => schedule !== undefined);
  if (scheduled.length === 0) {
    throw new ParseError("no rule has a schedule", {
      hint: "set interval or schedule in a rule or in defaults",
    });
  }
  for (const { name, schedule } of rules) {
    if (!schedule && !flags.quiet) {
      writeStderr(environment, `warning: ${name}: no schedule, it runs only once`);
    }
  }
  const runtime = await environment.createRuntime();
  const output = startSyncOutput({ ...flags, isLog: true }, environment);
  const now = (): number => environment.now();
  const options = { now, signal, emit: output.emit };
  const last = new Map<SyncRule, readonly RuleReport[]>();
  try {
    await runRules(rules, runner, { ...options, missing: true });
    await runClock(scheduled, {
      runtime: { now, sleep: (ms, signal) => runtime.sleep(ms, signal) },
      stopping: signal,
      async run(rule, { waitUntil }): Promise<void> {
        last.set(rule, (await runRules([rule], runner, { ...options, waitUntil })).rules);
      },
      onNext(rule, at): void {
        if (flags.quiet) return;
        if (flags.json) return output.writeLog({ type: "next", rule: rule.name, at });
        const next = at === undefined ? "never" : new Date(at).toISOString();
        const done = last.get(rule);
        const counts = done ? `${formatCounts(done)}; ` : "";
        output.write([`next          ${rule.name}: ${counts}${next}`]);
      },
    });
  } catch (error) {
    if (flags.json && error instanceof StoppedError) {
      // A log has lines only.
      context.setProblemStream(undefined);
      output.writeLog({ type: "stopped", signal: error.signalName });
    }
    throw error;
  } finally {
    await output.close();
  }
}
