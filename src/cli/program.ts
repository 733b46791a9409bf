/** The command line: sets up the commands, runs one, and prints its error. */
import { Command, CommanderError } from "@commander-js/extra-typings";
import pkg from "../../package.json" with { type: "json" };
import type { CommandContext } from "./commands/command_context.ts";
import { COMMANDS } from "./commands/commands.ts";
import type { CliEnvironment } from "./environment.ts";
import { nameCommand } from "./familiar/name_command.ts";
import { listRenamed, translateWords } from "./familiar/translate_words.ts";
import type { Renamed } from "./familiar/translator.ts";
import {
  EXIT_CLOSED_OUTPUT,
  EXIT_CODES_HELP,
  EXIT_DONE,
  exitCodeOfSignal,
} from "./output/exit_codes.ts";
import { ClosedOutputError, RESTORE_TERMINAL, writeStderr, writeText } from "./output/output.ts";
import { StderrLines } from "./output/stderr_lines.ts";
import type { LocalLayouts } from "../layouts/mod.ts";
import type { Runtime } from "../runtime.ts";
import { StoppedError } from "./stopped_error.ts";

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
  let words = argv;
  let renamed: readonly Renamed[] = [];
  const lines = new StderrLines((line) => writeStderr(environment, line));
  const opened: LocalLayouts[] = [];
  const context: CommandContext = {
    environment: {
      ...environment,
      lines,
      async createRuntime(): Promise<Runtime> {
        const runtime = await environment.createRuntime();
        const isVerbose = program.getOptionValue("verbose") === true ||
          isDebug(words, environment);
        if (!isVerbose) return runtime;
        const { withRequestLog } = await import("./request_log.ts");
        return withRequestLog(runtime, (line) => lines.print(line));
      },
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
  const program = createProgram((text) => help += text, environment);
  try {
    words = await nameCommand(argv, context);
    await addCommands(program, words, context);
    ({ words, renamed } = await translateWords(words, program, context));
    try {
      await program.parseAsync([...words], { from: "user" });
    } finally {
      await writeText(environment, help);
    }
    return exitCode;
  } catch (error) {
    if (error instanceof ClosedOutputError) return EXIT_CLOSED_OUTPUT;
    // The help or the version is printed.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT_DONE;
    const { explainError } = await import("./output/explain_error.ts");
    const cause = toStopped(error, stop.signal);
    const explanation = explainError(cause, {
      command: findCommand(words),
      isDebug: isDebug(words, environment),
    });
    for (const line of explanation.lines) writeStderr(environment, line);
    for (const line of listRenamed(renamed, explanation)) writeStderr(environment, line);
    return explanation.exitCode;
  } finally {
    for (const layouts of opened) await layouts.close();
    unlisten();
  }
}

/** @param writeHelp called with the text that commander prints to stdout */
function createProgram(
  writeHelp: (text: string) => void,
  { stdout, stderr }: CliEnvironment,
): Command {
  const program = new Command("crossdock");
  program
    .description("Copies container images and OCI artifacts from one registry to another.")
    .version(pkg.version, "-V, --version", "print the version")
    .option("-v, --verbose", "log each request on stderr")
    .option("--debug", "log each request and the stacks of errors (or set CROSSDOCK_DEBUG)")
    // `translateWords` suggests options, of other tools, too.
    .showSuggestionAfterError(false)
    .addHelpText("after", `\n${EXIT_CODES_HELP}`)
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
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
  return program;
}

/** Loads the command on the command line. The others are only listed, so that their modules need not be loaded. */
async function addCommands(
  program: Command,
  argv: readonly string[],
  context: CommandContext,
): Promise<void> {
  const named = findCommand(argv);
  for (const { name, usage, description, load } of COMMANDS) {
    const command = program.command(name).description(description);
    if (name === named) (await load())(command, context);
    else command.usage(usage);
  }
}

/** After Ctrl-C every error is a consequence of it. */
function toStopped(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && !(error instanceof StoppedError) ? signal.reason : error;
}

/** The name of the command on the command line, also after `help`, if there is such a command. */
function findCommand(argv: readonly string[]): string | undefined {
  const [first, second] = argv.filter((argument) => !argument.startsWith("-"));
  const word = first === "help" ? second : first;
  return COMMANDS.find(({ name }) => name === word)?.name;
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
