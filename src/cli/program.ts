/** The command line: sets up the commands, runs one, and prints its error. */
import { Command } from "@commander-js/extra-typings";
import pkg from "../../package.json" with { type: "json" };
import { addAuthCommand } from "./commands/auth.ts";
import type { CommandContext } from "./commands/command_context.ts";
import { addCopyCommand } from "./commands/copy.ts";
import { addCancelCommand, addStatusCommand } from "./commands/durable_copy.ts";
import type { CliEnvironment } from "./environment.ts";
import {
  EXIT_CLOSED_OUTPUT,
  EXIT_CODES_HELP,
  EXIT_DONE,
  exitCodeOfSignal,
} from "./output/exit_codes.ts";
import { explainError } from "./output/explain_error.ts";
import { addImportCommand } from "./commands/import.ts";
import { addInspectCommand } from "./commands/inspect.ts";
import { ClosedOutputError, writeStderr, writeText } from "./output/output.ts";
import type { LocalLayouts } from "../layouts/mod.ts";
import { addPlanCommand } from "./commands/plan.ts";
import { StoppedError } from "./stopped_error.ts";
import { RESTORE_TERMINAL } from "./output/progress_bar.ts";
import { addSyncCommand } from "./commands/sync.ts";
import { addTagsCommand } from "./commands/tags.ts";
import { addVerifyCommand } from "./commands/verify.ts";

/**
 * Runs one command. Writes results to stdout, and everything else to stderr.
 *
 * @param argv the arguments, without the names of runtime and script
 * @returns the exit code; never throws
 */
export async function runCli(
  argv: readonly string[],
  environment: CliEnvironment,
): Promise<number> {
  const stop = new AbortController();
  const unlisten = environment.onSignal((name) => {
    if (!stop.signal.aborted) return stop.abort(new StoppedError(name));
    // Progress bars may still be shown, and nothing else removes them.
    if (environment.stderr.isTTY) environment.stderr.write(RESTORE_TERMINAL);
    environment.exit(exitCodeOfSignal(name));
  });
  let exitCode = EXIT_DONE;
  const opened: LocalLayouts[] = [];
  const context: CommandContext = {
    environment: {
      ...environment,
      async openLayouts(options): Promise<LocalLayouts> {
        const layouts = await environment.openLayouts(options);
        opened.push(layouts);
        return layouts;
      },
    },
    signal: stop.signal,
    setExitCode: (code) => exitCode = code,
  };
  let help = "";
  const program = createProgram(context, (text) => help += text);
  try {
    try {
      await program.parseAsync([...argv], { from: "user" });
    } finally {
      await writeText(environment, help);
    }
    return exitCode;
  } catch (error) {
    if (error instanceof ClosedOutputError) return EXIT_CLOSED_OUTPUT;
    const cause = toStopped(error, stop.signal);
    const explanation = explainError(cause, {
      command: findCommand(argv, program),
      isDebug: isDebug(argv, environment),
    });
    for (const line of explanation.lines) writeStderr(environment, line);
    return explanation.exitCode;
  } finally {
    for (const layouts of opened) await layouts.close();
    unlisten();
  }
}

/** @param writeHelp called with the text that commander prints to stdout */
function createProgram(context: CommandContext, writeHelp: (text: string) => void): Command {
  const { environment: { stdout, stderr } } = context;
  const program = new Command("crossdock");
  program
    .description("Copies container images and OCI artifacts from one registry to another.")
    .version(pkg.version, "-V, --version", "print the version")
    .option("--debug", "show the stacks of errors (or set CROSSDOCK_DEBUG)")
    .addHelpText("after", `\n${EXIT_CODES_HELP}`)
    .exitOverride()
    .configureOutput({
      writeOut: writeHelp,
      writeErr: (text) => stderr.write(text),
      // `runCli` prints these errors, like all others.
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

/** After Ctrl-C every error is a consequence of it. */
function toStopped(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && !(error instanceof StoppedError) ? signal.reason : error;
}

/** The name of the command on the command line, if there is such a command. */
function findCommand(argv: readonly string[], { commands }: Command): string | undefined {
  const word = argv.find((argument) => !argument.startsWith("-"));
  return commands.map((command) => command.name()).find((name) => name === word);
}

function isDebug(argv: readonly string[], { env }: CliEnvironment): boolean {
  if (argv.includes("--debug")) return true;
  try {
    return !["", "0", undefined].includes(env["CROSSDOCK_DEBUG"]);
  } catch {
    // Deno may have no permission to read it.
    return false;
  }
}
