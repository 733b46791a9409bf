/** The command line: which commands there are, and what becomes of their errors. */
import { Command } from "@commander-js/extra-typings";
import pkg from "../../package.json" with { type: "json" };
import { addAuthCommand } from "./commands/auth.ts";
import { addCancelCommand } from "./commands/cancel.ts";
import type { CommandContext } from "./commands/command_context.ts";
import { addCopyCommand } from "./commands/copy.ts";
import type { CliEnvironment } from "./environment.ts";
import { EXIT_CODES_HELP, EXIT_DONE, exitCodeOfSignal } from "./output/exit_codes.ts";
import { explainError } from "./output/explain_error.ts";
import { addImportCommand } from "./commands/import.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { ClosedOutputError, say } from "./output/output.ts";
import { addPlanCommand } from "./commands/plan.ts";
import { addStatusCommand } from "./commands/status.ts";
import { StoppedError } from "./stopped_error.ts";
import { RESTORE_TERMINAL } from "./output/progress_bar.ts";
import { addSyncCommand } from "./commands/sync.ts";
import { addTagsCommand } from "./commands/tags.ts";
import { addVerifyCommand } from "./commands/verify.ts";

/**
 * Runs one command to its end. Results are on stdout then, everything else on stderr.
 *
 * @param argv the arguments alone, without the names of runtime and script
 * @returns the exit code; never throws
 */
export async function runCli(
  argv: readonly string[],
  environment: CliEnvironment,
): Promise<number> {
  const stop = new AbortController();
  const unlisten = environment.onSignal((name) => {
    if (!stop.signal.aborted) return stop.abort(new StoppedError(name));
    // There may be bars, which nobody takes away any more.
    if (environment.stderr.isTTY) environment.stderr.write(RESTORE_TERMINAL);
    environment.exit(exitCodeOfSignal(name));
  });
  let exitCode = EXIT_DONE;
  const context: CommandContext = {
    environment,
    signal: stop.signal,
    setExitCode: (code) => exitCode = code,
  };
  try {
    await createProgram(context).parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof ClosedOutputError) return EXIT_DONE;
    const cause = toStopped(error, stop.signal);
    const explanation = explainError(cause, isDebug(argv, environment));
    for (const line of explanation.lines) say(environment, line);
    return explanation.exitCode;
  } finally {
    unlisten();
  }
}

function createProgram(context: CommandContext): Command {
  const { environment: { stdout, stderr } } = context;
  const program = new Command("crossdock");
  program
    .description("Copies container images and OCI artifacts from one registry to another.")
    .version(pkg.version, "-V, --version", "print the version")
    .option("--debug", "show stacks of errors (or set CROSSDOCK_DEBUG)")
    .addHelpText("after", `\n${EXIT_CODES_HELP}`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      // `runCli` tells errors, in one form with all others.
      outputError: () => {},
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  addCopyCommand(program, context);
  addPlanCommand(program, context);
  addSyncCommand(program, context);
  addImportCommand(program, context);
  addInspectCommand(program, context);
  addTagsCommand(program, context);
  addVerifyCommand(program, context);
  addAuthCommand(program, context);
  addStatusCommand(program, context);
  addCancelCommand(program, context);
  return program;
}

/** After Ctrl-C every error is but its echo. */
function toStopped(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && !(error instanceof StoppedError) ? signal.reason : error;
}

function isDebug(argv: readonly string[], { env }: CliEnvironment): boolean {
  if (argv.includes("--debug")) return true;
  try {
    return !["", "0", undefined].includes(env["CROSSDOCK_DEBUG"]);
  } catch {
    // Deno may not permit to read it.
    return false;
  }
}
