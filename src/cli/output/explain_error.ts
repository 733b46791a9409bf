/** Formats errors for stderr: what happened, on which side, the cause and a hint. */
import { CommanderError } from "@commander-js/extra-typings";
import { CopyError } from "../../copy/copy_error.ts";
import { CrossdockError, ParseError } from "../../errors.ts";
import { redactUrls } from "../../redact_urls.ts";
import { formatMistake, SyncConfigError } from "../../config/mistakes.ts";
import { EXIT_BUG, EXIT_DONE, exitCodeOf, exitCodeOfSignal } from "./exit_codes.ts";
import { hasOneRegistry, toCommandHint } from "./command_hint.ts";
import type { CommandLine } from "./command_hint.ts";
import { formatBytes } from "./format.ts";
import { StoppedError } from "../stopped_error.ts";
import { UsageError } from "../usage_error.ts";

/** An error in words that fit the command that failed. */
export interface Explanation {
  /** For stderr. */
  readonly lines: readonly string[];
  readonly exitCode: number;
  /** What happened: more than one message only for a config file with several mistakes. */
  readonly messages: readonly string[];
  readonly hint: string | undefined;
}

/** The most causes to show. A chain of causes may be a ring. */
const MAX_CAUSES = 5;

/** The command that failed, if the command line names one. Hints use its flags. */
interface ExplainOptions extends CommandLine {
  /** Whether to show stacks. @default false */
  readonly isDebug?: boolean;
  /** Takes the place of the error's own hint. */
  readonly hint?: string | undefined;
}

export function explainError(
  error: unknown,
  { isDebug = false, hint: otherHint, ...line }: ExplainOptions = {},
): Explanation {
  const { exitCode, ...failure } = describe(error, line);
  const { prefix = "error: ", details = [] } = failure;
  const messages = failure.messages.map(redactUrls);
  const shownHint = otherHint ?? failure.hint;
  const hint = shownHint === undefined ? undefined : redactUrls(shownHint);
  // The stack of a usage error repeats the secrets that were removed from its message.
  const stacks = isDebug && !(error instanceof CommanderError) ? listStacks(error) : [];
  return {
    lines: [
      ...messages.map((message) => `${prefix}${message}`),
      ...details.map(redactUrls),
      ...(hint === undefined ? [] : [`hint: ${hint}`]),
      ...stacks.map(redactUrls),
    ],
    exitCode,
    messages,
    hint,
  };
}

interface Failure {
  readonly exitCode: number;
  readonly messages: readonly string[];
  /** @default "error: " */
  readonly prefix?: string;
  /** Lines between the messages and the hint. */
  readonly details?: readonly string[];
  readonly hint?: string | undefined;
}

function describe(error: unknown, line: CommandLine): Failure {
  const { command } = line;
  if (error instanceof CommanderError) return describeUsage(error, line);
  if (error instanceof StoppedError) {
    const { signalName, message } = error;
    return { exitCode: exitCodeOfSignal(signalName), messages: [message], prefix: "" };
  }
  if (error instanceof SyncConfigError) {
    return { exitCode: exitCodeOf(error.code), messages: error.mistakes.map(formatMistake) };
  }
  if (error instanceof CrossdockError || error instanceof ParseError) {
    const { code, message, hint } = error;
    const side = "side" in error ? error.side : undefined;
    // An error about the command line may name flags of other commands on purpose.
    const { flags, ...rest } = line;
    const context = error instanceof ParseError ? rest : { ...rest, flags };
    const prefix = side === undefined || hasOneRegistry(command) ? "" : `${side}: `;
    return {
      exitCode: exitCodeOf(code),
      messages: [`${prefix}${message}`],
      details: [
        ...(error instanceof CopyError ? [`step: ${formatStep(error)}`] : []),
        ...listCauses(error),
      ],
      hint: hint === undefined || error instanceof UsageError
        ? hint
        : toCommandHint(hint, { ...context, side }),
    };
  }
  if (error instanceof Error && error.name === "NotCapable") return describePermission(error);
  return {
    exitCode: EXIT_BUG,
    messages: [`this is a bug in crossdock: ${toMessage(error)}`],
    details: listCauses(error),
    hint: "run the command again with --debug and report the output",
  };
}

/** Removes possible secrets: commander quotes the arguments that are too many. */
function describeUsage(
  { code, message, exitCode }: CommanderError,
  { command, usage }: CommandLine,
): Failure {
  if (exitCode === 0) return { exitCode: EXIT_DONE, messages: [] };
  // There was no command, and commander has printed the help.
  if (code === "commander.help") return { exitCode: exitCodeOf("usage"), messages: [] };
  const sentence = message.replace(/^error: /, "");
  const shown = code === "commander.excessArguments"
    ? sentence.replace(/: [^]*$/, "").replace(/\. Expected/, ", expected")
    : sentence;
  const help = command === undefined ? "crossdock --help" : `crossdock ${command} --help`;
  const isArgument = code === "commander.missingArgument" || code === "commander.excessArguments";
  return {
    exitCode: exitCodeOf("usage"),
    messages: [shown],
    details: isArgument && usage !== undefined ? [`usage: ${usage}`] : [],
    hint: `run ${help}`,
  };
}

/** For Deno with fewer permissions than the program needs. */
function describePermission({ message }: Error): Failure {
  const flag = /--(?:allow|unstable)-[a-z-]+/.exec(message)?.[0];
  return {
    exitCode: exitCodeOf("usage"),
    messages: [`Deno denied permission: ${message}`],
    hint: flag === undefined ? undefined : `run Deno with ${flag}`,
  };
}

function formatStep({ step }: CopyError): string {
  if (step.type === "referrers") return `referrers of ${step.subject} in ${step.destination}`;
  const { digest, size } = step.descriptor;
  if (step.type === "receipt") return `receipt of ${digest} in ${step.destination}`;
  return `${step.type} ${digest} (${formatBytes(size)}) from ${step.source} to ${step.destination}`;
}

function listCauses(error: unknown): string[] {
  // An error that only adds a step or a side repeats the message of its cause.
  const shown = new Set([toMessage(error)]);
  const lines: string[] = [];
  for (const cause of causesOf(error)) {
    const message = toCauseText(toMessage(cause));
    if (message === "" || shown.has(message)) continue;
    shown.add(message);
    lines.push(`cause: ${message}`);
  }
  return lines;
}

/** Removes words that are the same for every failure, OpenSSL's numbers, and advice about flags of another program. */
function toCauseText(message: string): string {
  return message
    .replace(/^fetch failed$/, "")
    .replace(/^error sending request [^(]*\([^)]*\): (?:client error \(\w+\): )?/, "")
    .replace(
      / (?:Is the computer able to access the url\?|For more information, pass `verbose.*)$/,
      "",
    )
    .replace(/^[0-9A-F]+:error:[0-9A-F]+:([^:]*):[^:]*:([^:]*):[^]*$/, "$1: $2")
    .replace(/[;,] if the root CA is installed locally, try running Node\.js with \S+/, "");
}

function listStacks(error: unknown): string[] {
  return [error, ...causesOf(error)].flatMap((error) =>
    error instanceof Error && error.stack ? error.stack.split("\n") : []
  );
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && causes.length < MAX_CAUSES) {
    causes.push(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
