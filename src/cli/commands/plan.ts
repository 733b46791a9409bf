/** `crossdock plan SRC DST`, which is `copy --dry-run`, too. */
import type { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "./command_context.ts";
import { toCopyRequest, toSides } from "../options/copy_request.ts";
import type { CopyFlags } from "../options/copy_request.ts";
import { formatPlan } from "../output/format_plan.ts";
import { openEngine } from "../options/open_engine.ts";
import type { EngineFlags } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { writeJson, writeLines } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { DestinationFlags, SourceFlags } from "../options/side_flags.ts";

/** All options of `plan`. */
type PlanOptions = CopyFlags & EngineFlags & SourceFlags & DestinationFlags & {
  readonly json?: boolean | undefined;
  /** Of `copy --dry-run` alone. */
  readonly quiet?: boolean | undefined;
};

export function addPlanCommand(program: Command, context: CommandContext): void {
  program.command("plan")
    .description("show what copy would do, and do nothing")
    .argument("<source>", "registry/repository[:tag][@digest]")
    .argument("<destination>", "the same; without tag and digest it takes those of the source")
    .addOption(options.platformOption)
    .addOption(options.indexOption)
    .addOption(options.referrersOption)
    .addOption(options.noReferrersOption)
    .addOption(options.referrerSourceOption)
    .addOption(options.referrerDestinationOption)
    .addOption(options.digestTagsOption)
    .addOption(options.noDigestTagsOption)
    .addOption(options.foreignLayersOption)
    .addOption(options.verifyOption)
    .addOption(options.ifExistsOption)
    .addOption(options.recheckOption)
    .addOption(options.srcTlsOption)
    .addOption(options.srcCaOption)
    .addOption(options.srcCredsOption)
    .addOption(options.srcCredsEnvOption)
    .addOption(options.srcCredsFdOption)
    .addOption(options.destTlsOption)
    .addOption(options.destCaOption)
    .addOption(options.destCredsOption)
    .addOption(options.destCredsEnvOption)
    .addOption(options.destCredsFdOption)
    .addOption(options.authfileOption)
    .addOption(options.concurrencyOption)
    .addOption(options.timeoutOption)
    .addOption(options.retriesOption)
    .addOption(options.viaOption)
    .addOption(options.viaTokenEnvOption)
    .addOption(options.viaTokenFdOption)
    .addOption(options.jsonOption)
    .action((source, destination, flags) => printPlan(source, destination, flags, context));
}

/** Plans a copy and shows the plan. */
export async function printPlan(
  source: string,
  destination: string,
  flags: PlanOptions,
  { environment, signal }: CommandContext,
): Promise<void> {
  const request = toCopyRequest(source, destination, flags);
  const sides = toSides(request, flags);
  const engine = await openEngine(environment, flags, sides.source, sides.destination);
  const progress = startProgress({ quiet: flags.quiet, progress: "none" }, environment);
  const plan = await engine.plan(request, { signal, emit: progress.emit });
  progress.close(plan.warnings);
  if (flags.json) await writeJson(environment, plan);
  else if (!flags.quiet) await writeLines(environment, formatPlan(plan));
}
