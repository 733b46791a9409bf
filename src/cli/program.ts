/** The command line: sets up the commands, runs one, and prints its error. */
import { Command, CommanderError } from "@commander-js/extra-typings";
import pkg from "../../package.json" with { type: "json" };
import type { CommandContext } from "./commands/command_context.ts";
import { COMMANDS, EXAMPLES, OTHER } from "./commands/commands.ts";
import type { CliEnvironment, TextStream } from "./environment.ts";
import { nameCommand } from "./familiar/name_command.ts";
import { listRenamed, translateWords } from "./familiar/translate_words.ts";
import type { Renamed } from "./familiar/translator.ts";
import type { CommandLine } from "./output/command_hint.ts";
import { getVariable, hasColors } from "./output/color.ts";
import {
  EXIT_CLOSED_OUTPUT,
  EXIT_CODES_HELP,
  EXIT_DONE,
  exitCodeOfSignal,
} from "./output/exit_codes.ts";
import { formatExamples, HELP_LAYOUT, toHelpWidth } from "./output/help.ts";
import { ClosedOutputError, writeJson, writeStderr, writeText } from "./output/output.ts";
import { writeEvent } from "./output/progress_json.ts";
import { StderrLines } from "./output/stderr_lines.ts";
import type { Explanation } from "./output/explain_error.ts";
import type { LocalLayouts } from "../layouts/mod.ts";
import type { Problem } from "../problem.ts";
import type { Runtime } from "../runtime.ts";
import { StoppedError } from "./stopped_error.ts";

const MORE_HELP = "Run crossdock COMMAND --help for the options and examples of a command.";

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
    environment.exit(exitCodeOfSignal(name));
  });
  let exitCode = EXIT_DONE;
  let words = argv;
  let renamed: readonly Renamed[] = [];
  const lines = new StderrLines((line) =>
    hasWords(words, "--progress", "json")
      ? writeEvent(environment, { type: "log", message: line })
      : writeStderr(environment, line)
  );
  let problemStream: TextStream | undefined = environment.stdout;
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
    setProblemStream: (stream) => problemStream = stream,
    loadProgram: () => addCommands(createProgram(() => {}, environment), context, () => true),
  };
  let help = "";
  const program = createProgram((text) => help += text, environment);
  try {
    words = await nameCommand(argv, context);
    await addCommands(program, context, (name) => name === findCommand(words));
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
    const { toLocalHint } = await import("./output/local_hint.ts");
    const line = describeCommand(program, words);
    const explanation = explainError(cause, {
      ...line,
      hint: await toLocalHint(cause, line, environment),
      isDebug: isDebug(words, environment),
    });
    const isJson = hasWords(words, "--json");
    const isEvent = hasWords(words, "--progress", "json");
    const problem = isJson || isEvent ? await toProblem(cause, explanation) : undefined;
    if (problem && isEvent) writeEvent(environment, { type: "error", problem });
    else {
      const notes = listRenamed(renamed, explanation);
      for (const line of [...explanation.lines, ...notes]) writeStderr(environment, line);
    }
    if (problem && problemStream && isJson) {
      // The error may be that of stdout itself, and was printed already.
      await writeJson({ stdout: problemStream }, problem).catch(() => {});
    }
    return explanation.exitCode;
  } finally {
    for (const layouts of opened) await layouts.close();
    unlisten();
  }
}

/** @param writeHelp called with the text that commander prints to stdout */
function createProgram(
  writeHelp: (text: string) => void,
  { stdout, stderr, env }: CliEnvironment,
): Command {
  const program = new Command("crossdock");
  program
    .description("Copies container images and OCI artifacts from one registry to another.")
    .version(pkg.version, "-V, --version", "print the version")
    .option("-v, --verbose", "log each request on stderr")
    .option("--debug", "log each request and the stacks of errors (or set CROSSDOCK_DEBUG)")
    // `translateWords` suggests options, of other tools, too.
    .showSuggestionAfterError(false)
    .addHelpText(
      "after",
      () => `\n${formatExamples(EXAMPLES)}\n\n${MORE_HELP}\n\n${EXIT_CODES_HELP}`,
    )
    .configureHelp(HELP_LAYOUT)
    .commandsGroup(OTHER)
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command")
    .exitOverride()
    .configureOutput({
      writeOut: writeHelp,
      writeErr: (text) => stderr.write(text),
      // `runCli` prints these errors, like all others.
      outputError: () => {},
      getOutHelpWidth: () => toHelpWidth(stdout.columns),
      getErrHelpWidth: () => toHelpWidth(stderr.columns),
      getOutHasColors: () => hasColors(stdout, env),
      getErrHasColors: () => hasColors(stderr, env),
    });
  return program;
}

/** Adds all commands. Those that are not loaded are only listed, which needs none of their modules. */
async function addCommands(
  program: Command,
  context: CommandContext,
  isLoaded: (name: string) => boolean,
): Promise<Command> {
  for (const { name, group, description, examples, load } of COMMANDS) {
    const command = program.command(name).helpGroup(group).description(description);
    if (!isLoaded(name)) continue;
    (await load())(command, context);
    command.helpOption("-h, --help", "show this help")
      .addHelpText("after", () => `\n${formatExamples(examples)}`);
  }
  return program;
}

/** After Ctrl-C every error is a consequence of it. */
function toStopped(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && !(error instanceof StoppedError) ? signal.reason : error;
}

/** The command that failed, for hints. Values are missing if the command line could not be parsed. */
function describeCommand(program: Command, argv: readonly string[]): CommandLine {
  const name = findCommand(argv);
  const command = program.commands.find((command) => command.name() === name);
  if (command === undefined) return {};
  const flags = [...program.options, ...command.options].map(({ long }) => long ?? "");
  return {
    command: name,
    usage: `crossdock ${name} ${command.usage()}`,
    names: command.args,
    flags: new Set(["--help", ...flags]),
    values: command.opts(),
  };
}

/** The name of the command on the command line, also after `help`, if there is such a command. */
function findCommand(argv: readonly string[]): string | undefined {
  const [first, second] = argv.filter((argument) => !argument.startsWith("-"));
  const word = first === "help" ? second : first;
  return COMMANDS.find(({ name }) => name === word)?.name;
}

/** Whether a command line has a flag, with a value. Also before it is parsed, which may fail. */
function hasWords(argv: readonly string[], flag: string, value?: string): boolean {
  const end = argv.indexOf("--");
  const words = argv.slice(0, end < 0 ? argv.length : end);
  if (value === undefined) return words.includes(flag);
  return words.includes(`${flag}=${value}`) ||
    words.some((word, i) => word === flag && words[i + 1] === value);
}

/** Undefined if there is nothing to report, because the help was printed. */
async function toProblem(error: unknown, explanation: Explanation): Promise<Problem | undefined> {
  if (explanation.messages.length === 0) return undefined;
  const { toProblemDocument } = await import("./output/problem_document.ts");
  return toProblemDocument(error, explanation);
}

function isDebug(argv: readonly string[], { env }: CliEnvironment): boolean {
  return argv.includes("--debug") ||
    !["", "0", undefined].includes(getVariable(env, "CROSSDOCK_DEBUG"));
}
