/** `crossdock copy SRC DST` */
import type { Command } from "@commander-js/extra-typings";
import type { Detached } from "../../client/remote_engine.ts";
import type { CopyRequest } from "../../copy/request.ts";
import type { RunOptions } from "../../engine.ts";
import { ParseError } from "../../errors.ts";
import type { CommandContext } from "./command_context.ts";
import { toCopyRequest, toSides } from "../options/copy_request.ts";
import type { CopyFlags } from "../options/copy_request.ts";
import type { CliEnvironment } from "../environment.ts";
import { formatDurableCopy } from "../output/format_durable_copy.ts";
import { formatReport } from "../output/format_report.ts";
import { openEngine, openServer } from "../options/open_engine.ts";
import type { EngineFlags } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { writeJson, writeLines } from "../output/output.ts";
import { printPlan } from "./plan.ts";
import { startProgress } from "../output/progress.ts";
import type { ProgressMode } from "../output/progress.ts";
import type { TagState } from "../output/progress_tally.ts";
import type { DestinationFlags, SourceFlags } from "../options/side_flags.ts";
import { StoppedError } from "../stopped_error.ts";

/** All options of `copy`. */
type CopyOptions = CopyFlags & EngineFlags & SourceFlags & DestinationFlags & {
  readonly dryRun?: boolean | undefined;
  readonly detach?: boolean | undefined;
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
    .addOption(options.referrerSourceOption)
    .addOption(options.referrerDestinationOption)
    .addOption(options.digestTagsOption)
    .addOption(options.noDigestTagsOption)
    .addOption(options.foreignLayersOption)
    .addOption(options.verifyOption)
    .addOption(options.ifExistsOption)
    .addOption(options.recheckOption)
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
    .addOption(options.viaOption)
    .addOption(options.viaTokenEnvOption)
    .addOption(options.viaTokenFdOption)
    .addOption(options.detachOption)
    .addOption(options.jsonOption)
    .addOption(options.quietOption)
    .addOption(options.progressOption)
    .action(async (source, destination, flags) => {
      if (flags.dryRun && flags.detach) {
        throw new ParseError("--detach and --dry-run exclude each other: give one of them");
      }
      if (flags.dryRun) await printPlan(source, destination, flags, context);
      else await runCopy(source, destination, flags, context);
    });
}

async function runCopy(
  source: string,
  destination: string,
  flags: CopyOptions,
  { environment, signal }: CommandContext,
): Promise<void> {
  const copy = await openCopy(toCopyRequest(source, destination, flags), flags, environment);
  const progress = startProgress(flags, environment);
  try {
    const done = await copy({ signal, emit: progress.emit });
    progress.close("report" in done ? done.report.warnings : []);
    if (flags.json) await writeJson(environment, "report" in done ? done.report : done.copy);
    else if (!flags.quiet) await writeLines(environment, formatDone(done));
  } catch (error) {
    const reason: unknown = signal.reason;
    if (!(reason instanceof StoppedError)) throw error;
    const stopped = flags.via === undefined ? STOPPED : STOPPED_AT_SERVER;
    throw new StoppedError(reason.signalName, stopped[progress.tally.tag]);
  } finally {
    progress.close();
  }
}

/** Reads what the flags point to; nothing is sent before what this gives is called. */
async function openCopy(
  request: CopyRequest,
  flags: CopyOptions,
  environment: CliEnvironment,
): Promise<(options: RunOptions) => Promise<Detached>> {
  const { via } = flags;
  const { source, destination } = toSides(request, flags);
  if (flags.detach) {
    if (via === undefined) throw new ParseError("--detach is for a server: name it with --via");
    const server = await openServer(
      environment,
      { ...flags, via },
      source.named,
      destination.named,
    );
    return (options) => server.detach(request, options);
  }
  const engine = await openEngine(environment, flags, source, destination);
  return async (options) => ({ report: await engine.copy(request, options) });
}

function formatDone(done: Detached): string[] {
  if ("report" in done) return formatReport(done.report);
  return [...formatDurableCopy(done.copy), `at         ${done.url}`];
}

const STOPPED: Readonly<Record<TagState, string>> = {
  waiting: "stopped: the destination's tag was not moved",
  started: "stopped while the destination's tag was moved: it may be the old one or the new one",
  moved: "stopped: the destination's tag had been moved already",
};

/** What a server has done is known a moment later than it is done. */
const STOPPED_AT_SERVER: typeof STOPPED = {
  ...STOPPED,
  waiting: "stopped: the server had not moved the destination's tag when it was last heard of",
};
