/** `crossdock copy SRC DST` */
import type { Command } from "@commander-js/extra-typings";
import type { Detached } from "../../client/remote_engine.ts";
import type { CopyRequest } from "../../copy/request.ts";
import type { RunOptions } from "../../engine.ts";
import { ParseError } from "../../errors.ts";
import type { CliEnvironment } from "../environment.ts";
import { addOptions } from "../options/add_options.ts";
import type { ValuesOf } from "../options/add_options.ts";
import { toCopyRequest } from "../options/copy_request.ts";
import { checkDigestFile, writeDigestFile } from "../options/digest_file.ts";
import { openEngine, openServer, VIA_HINT } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { toSides } from "../options/side.ts";
import { EXIT_DIFFERENT } from "../output/exit_codes.ts";
import { formatMissing } from "../output/format_referrers.ts";
import { formatDurableCopy, formatReport } from "../output/format_report.ts";
import { writeJson, writeResult, writeStderr } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { TagState } from "../output/progress_tally.ts";
import { StoppedError } from "../stopped_error.ts";
import type { CommandContext } from "./command_context.ts";
import { printPlan } from "./plan.ts";
import { suggestTags } from "./suggest_tags.ts";

const OPTIONS = [
  ...options.CONTENT_OPTIONS,
  ...options.ARCHIVE_OPTIONS,
  ...options.COPY_OPTIONS,
  options.policyOption,
  options.receiptKeyOption,
  options.strictOption,
  ...options.ALL_TAGS_OPTIONS,
  options.dryRunOption,
  ...options.SIDE_OPTIONS,
  ...options.ENGINE_OPTIONS,
  ...options.VIA_OPTIONS,
  options.detachOption,
  options.jsonOption,
  options.digestFileOption,
  options.quietOption,
  options.progressOption,
] as const;

type CopyCommandFlags = ValuesOf<typeof OPTIONS>;

export function defineCopy(command: Command, context: CommandContext): void {
  addOptions(
    command.addArgument(options.sourceArgument).addArgument(options.destinationArgument),
    ...OPTIONS,
  ).action(async (source, destination, flags) => {
    rejectDigestFile(flags);
    if (flags.dryRun && flags.detach) {
      throw new ParseError("--detach and --dry-run cannot be combined");
    }
    if (flags.allTags && flags.detach) {
      throw new ParseError("--all-tags and --detach cannot be combined");
    }
    if (flags.missing && !flags.allTags) throw new ParseError("--missing requires --all-tags");
    const early = (["dryRun", "detach"] as const).find((name) => flags[name]);
    if (flags.strict && early && !flags.allTags) {
      throw new ParseError(`--strict and ${NO_DIGEST[early]} cannot be combined`);
    }
    if (flags.allTags) {
      const { copyAllTags } = await import("./copy_all_tags.ts");
      await copyAllTags(source, destination, flags, context);
    } else if (flags.dryRun) await printPlan(source, destination, flags, context);
    else await runCopy(source, destination, flags, context);
  });
}

/** Flags of copies that have no digest, or several, when the command ends. */
const NO_DIGEST: Readonly<Record<string, string>> = {
  dryRun: "--dry-run",
  detach: "--detach",
  allTags: "--all-tags",
};

/** @throws ParseError if there will not be one digest to write */
function rejectDigestFile(flags: CopyCommandFlags): void {
  if (flags.digestfile === undefined) return;
  const set = Object.entries(flags).filter(([, value]) => value).map(([name]) => NO_DIGEST[name]);
  const other = set.find((flag) => flag !== undefined) ??
    (flags.ifExists === "skip" ? "--if-exists skip" : undefined);
  if (other === undefined) return;
  throw new ParseError(`--digestfile and ${other} cannot be combined`, {
    hint: "use --json, whose document has the digest",
  });
}

async function runCopy(
  source: string,
  destination: string,
  flags: CopyCommandFlags,
  { environment, signal, setProblemStream, setExitCode }: CommandContext,
): Promise<void> {
  const request = toCopyRequest(source, destination, flags);
  const copy = await openCopy(request, flags, environment);
  if (flags.digestfile !== undefined) await checkDigestFile(flags.digestfile);
  // An archive on stdout leaves no place there for a report.
  const hasArchive = request.destination.registry.endsWith("archive:-");
  const output = hasArchive ? { ...environment, stdout: environment.stderr } : environment;
  setProblemStream(output.stdout);
  const progress = startProgress(flags, environment);
  try {
    const done = await copy({ signal, emit: progress.emit });
    progress.close("report" in done ? done.report.warnings : []);
    if (flags.digestfile !== undefined && "report" in done) {
      await writeDigestFile(flags.digestfile, done.report);
    }
    if (flags.json) await writeJson(output, "report" in done ? done.report : done.copy);
    else if (!flags.quiet) await writeResult(output, formatDone(done));
    const state = flags.strict && "report" in done && done.report.referrerState;
    const missing = state && formatMissing(state);
    if (missing) {
      writeStderr(environment, `error: ${missing}`);
      setExitCode(EXIT_DIFFERENT);
    }
  } catch (error) {
    const reason: unknown = signal.reason;
    if (!(reason instanceof StoppedError)) throw error;
    const stopped = flags.via === undefined ? STOPPED : STOPPED_AT_SERVER;
    throw new StoppedError(reason.signalName, stopped[progress.tally.tag]);
  } finally {
    progress.close();
  }
}

/** Reads what the flags name. No request is sent before the returned function is called. */
async function openCopy(
  request: CopyRequest,
  flags: CopyCommandFlags,
  environment: CliEnvironment,
): Promise<(options: RunOptions) => Promise<Detached>> {
  const { via } = flags;
  const { source, destination } = toSides(request, flags);
  if (flags.detach) {
    if (via === undefined) throw new ParseError("--detach requires --via", { hint: VIA_HINT });
    const server = await openServer(environment, { ...flags, via }, source, destination);
    return (options) => server.detach(request, options);
  }
  const engine = await openEngine(environment, flags, source, destination);
  return async (options) => {
    const report = engine.copy(request, options);
    return { report: await suggestTags(report, engine, request.source, options.signal) };
  };
}

function formatDone(done: Detached): string[] {
  if ("report" in done) return formatReport(done.report);
  return [...formatDurableCopy(done.copy), `at         ${done.url}`];
}

const STOPPED: Readonly<Record<TagState, string>> = {
  waiting: "stopped: the destination tag was not moved",
  started:
    "stopped while the destination tag was being moved: it may point to the old or the new image",
  moved: "stopped: the destination tag was already moved",
};

/** Events of a server arrive a moment after their cause. */
const STOPPED_AT_SERVER: typeof STOPPED = {
  ...STOPPED,
  waiting: "stopped: the destination tag was not moved when the server last reported",
};
