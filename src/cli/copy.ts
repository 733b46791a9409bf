/** `crossdock copy SRC DST` */
import type { Command } from "@commander-js/extra-typings";
import { parseCopyRequest } from "../copy/request.ts";
import type { CommandContext } from "./command_context.ts";
import { toCopyRequest } from "./copy_request.ts";
import type { CopyFlags } from "./copy_request.ts";
import { formatReport } from "./format_report.ts";
import { openEngine } from "./open_engine.ts";
import type { EngineFlags } from "./open_engine.ts";
import * as options from "./options.ts";
import { writeJson, writeLines } from "./output.ts";
import { runPlan } from "./plan.ts";
import { startProgress } from "./progress.ts";
import type { ProgressMode } from "./progress.ts";
import type { TagState } from "./progress_tally.ts";
import { destinationFlags, sourceFlags } from "./side_flags.ts";
import type { DestinationFlags, SourceFlags } from "./side_flags.ts";
import { StoppedError } from "./stopped_error.ts";

/** All options of `copy`. */
type CopyOptions = CopyFlags & EngineFlags & SourceFlags & DestinationFlags & {
  readonly dryRun?: boolean | undefined;
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly progress?: ProgressMode | undefined;
};

export function addCopyCommand(program: Command, context: CommandContext): void {
  program.command("copy")
    .description("copy an image or artifact, with all its platforms and what refers to it")
    .argument("<source>", "registry/repository[:tag][@digest]")
    .argument("<destination>", "the same; without tag and digest it takes those of the source")
    .addOption(options.platformOption)
    .addOption(options.indexOption)
    .addOption(options.referrersOption)
    .addOption(options.noReferrersOption)
    .addOption(options.digestTagsOption)
    .addOption(options.noDigestTagsOption)
    .addOption(options.foreignLayersOption)
    .addOption(options.verifyOption)
    .addOption(options.ifExistsOption)
    .addOption(options.dryRunOption)
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
    .addOption(options.jsonOption)
    .addOption(options.quietOption)
    .addOption(options.progressOption)
    .action(async (source, destination, flags) => {
      if (flags.dryRun) await runPlan(source, destination, flags, context);
      else await runCopy(source, destination, flags, context);
    });
}

async function runCopy(
  source: string,
  destination: string,
  flags: CopyOptions,
  { environment, signal }: CommandContext,
): Promise<void> {
  const request = toCopyRequest(source, destination, flags);
  const names = parseCopyRequest(request);
  const engine = await openEngine(
    environment,
    flags,
    { named: sourceFlags(flags), name: names.source },
    { named: destinationFlags(flags), name: names.destination },
  );
  const progress = startProgress(flags, environment);
  try {
    const report = await engine.copy(request, { signal, emit: progress.emit });
    progress.close(report.warnings);
    if (flags.json) await writeJson(environment, report);
    else if (!flags.quiet) await writeLines(environment, formatReport(report));
  } catch (error) {
    const reason: unknown = signal.reason;
    if (!(reason instanceof StoppedError)) throw error;
    throw new StoppedError(reason.signalName, STOPPED[progress.tally.tag]);
  } finally {
    progress.close();
  }
}

const STOPPED: Readonly<Record<TagState, string>> = {
  waiting: "stopped: the destination's tag was not moved",
  started: "stopped while the destination's tag was moved: it may be the old one or the new one",
  moved: "stopped: the destination's tag had been moved already",
};
