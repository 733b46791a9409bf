/** `crossdock plan SRC DST`, and `crossdock copy --dry-run` */
import type { Command } from "@commander-js/extra-typings";
import { estimateBudget } from "../../budget/estimate.ts";
import type { PlatformName } from "../../budget/platforms.ts";
import { ParseError } from "../../errors.ts";
import { formatReference, isLocal } from "../../oci/reference.ts";
import type { Reference } from "../../oci/reference.ts";
import { addOptions } from "../options/add_options.ts";
import { toCopyRequest } from "../options/copy_request.ts";
import type { CopyFlags } from "../options/copy_request.ts";
import { openEngine } from "../options/open_engine.ts";
import type { EngineFlags } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { toSides } from "../options/side.ts";
import type { SidesFlags } from "../options/side.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { formatBudget } from "../output/format_budget.ts";
import { formatPlan } from "../output/format_plan.ts";
import { writeJson, writeResult } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";
import { suggestTags } from "./suggest_tags.ts";

type PlanFlags = CopyFlags & SidesFlags & EngineFlags & {
  readonly json?: boolean;
  /** Only of `plan`. */
  readonly budget?: PlatformName;
  readonly policy?: string;
  readonly receiptKey?: string;
  /** Only of `copy --dry-run`. */
  readonly quiet?: boolean;
};

export function definePlan(command: Command, context: CommandContext): void {
  addOptions(
    command.addArgument(options.sourceArgument).addArgument(options.destinationArgument),
    ...options.CONTENT_OPTIONS,
    ...options.ARCHIVE_OPTIONS,
    ...options.COPY_OPTIONS,
    options.policyOption,
    options.receiptKeyOption,
    ...options.SIDE_OPTIONS,
    ...options.ENGINE_OPTIONS,
    ...options.VIA_OPTIONS,
    options.budgetOption,
    options.jsonOption,
  ).action((source, destination, flags) => printPlan(source, destination, flags, context));
}

/** Plans a copy and prints the plan. */
export async function printPlan(
  source: string,
  destination: string,
  flags: PlanFlags,
  { environment, signal, setExitCode }: CommandContext,
): Promise<void> {
  const request = toCopyRequest(source, destination, flags);
  if (flags.budget) {
    for (const side of [request.source, request.destination]) rejectLocal(side);
  }
  const sides = toSides(request, flags);
  const engine = await openEngine(environment, flags, sides.source, sides.destination);
  const progress = startProgress({ quiet: flags.quiet, progress: "none" }, environment);
  const planned = engine.plan(request, { signal, emit: progress.emit });
  const plan = await suggestTags(planned, engine, request.source, signal);
  progress.close(plan.warnings);
  if (plan.admission?.result === "rejected") setExitCode(exitCodeOf("rejected"));
  const budget = flags.budget && estimateBudget(plan, flags.budget);
  if (flags.json) await writeJson(environment, budget ? { ...plan, budget } : plan);
  else if (!flags.quiet) {
    await writeResult(environment, [
      ...formatPlan(plan),
      ...(budget ? formatBudget(budget) : []),
    ]);
  }
}

function rejectLocal(reference: Reference): void {
  if (!isLocal(reference)) return;
  throw new ParseError(
    `--budget: ${
      formatReference(reference)
    } is not a registry, and a server has no folders and files`,
  );
}
