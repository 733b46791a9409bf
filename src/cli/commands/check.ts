/** `crossdock check [FILE]`: reads a configuration as `sync` does, and sends no request. */
import type { Command } from "@commander-js/extra-typings";
import { ParseError } from "../../errors.ts";
import { formatMistake } from "../../config/mistakes.ts";
import { nextRun } from "../../sync/next_run.ts";
import type { SyncRule } from "../../sync/rule.ts";
import type { Schedule } from "../../sync/schedule.ts";
import { addOptions } from "../options/add_options.ts";
import { DEFAULT_FILE, readRules } from "../options/open_rules.ts";
import * as options from "../options/options.ts";
import { writeJson, writeLines, writeStderr } from "../output/output.ts";
import type { CommandContext } from "./command_context.ts";

export function defineCheck(command: Command, { environment }: CommandContext): void {
  addOptions(
    command.argument("[file]", "the file, instead of --config"),
    options.rulesFileOption,
    options.jsonOption,
    options.quietOption,
  ).action(async (named, { config: flag, json, quiet }) => {
    if (named !== undefined && flag !== undefined) {
      throw new ParseError(`two files are named: ${named} and ${flag}`);
    }
    const { config, warnings } = await readRules(named ?? flag ?? DEFAULT_FILE, environment);
    const messages = warnings.map((warning) => formatMistake(warning));
    const rules = config.rules.map((rule) => ({
      rule: rule.name,
      type: rule.type,
      source: rule.source,
      targets: rule.targets,
      schedule: rule.schedule,
      next: rule.schedule && nextRun(rule.schedule, environment.now()),
    }));
    if (json) return await writeJson(environment, { rules, warnings: messages });
    if (quiet) return;
    for (const message of messages) writeStderr(environment, `warning: ${message}`);
    await writeLines(environment, [
      ...config.rules.map(formatRule),
      ...(config.rules.length > 0 ? [""] : []),
      `${count(rules.length, "rule")}, ${count(messages.length, "warning")}; ` +
      "no registry was asked, which crossdock sync --dry-run does",
    ]);
  });
}

/** `app: repository ghcr.io/acme/app -> registry.example.com/app, every 1h0m` */
function formatRule({ name, type, source, targets, schedule }: SyncRule): string {
  const when = schedule ? `, ${formatSchedule(schedule)}` : "";
  return `${name}: ${type} ${source} -> ${targets.join(", ")}${when}`;
}

function formatSchedule(schedule: Schedule): string {
  if ("everyMs" in schedule) return `every ${formatInterval(schedule.everyMs)}`;
  const { cron, timeZone } = schedule;
  return `at ${cron}${timeZone === undefined ? "" : ` in ${timeZone}`}`;
}

/** `1 h 30 min` */
function formatInterval(ms: number): string {
  const units = [["h", 3_600_000], ["min", 60_000], ["s", 1000]] as const;
  let rest = ms;
  return units.flatMap(([unit, size]) => {
    const number = Math.floor(rest / size);
    rest %= size;
    return number > 0 ? [`${number} ${unit}`] : [];
  }).join(" ");
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
