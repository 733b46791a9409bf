/** Formats errors for stderr: what happened, on which side, the cause and a hint. */
import { CommanderError } from "@commander-js/extra-typings";
import { CopyError } from "../../copy/copy_error.ts";
import { CrossdockError, ParseError } from "../../errors.ts";
import { redactUrls } from "../../redact_urls.ts";
import { formatMistake, SyncConfigError } from "../../config/mistakes.ts";
import { EXIT_BUG, EXIT_DONE, exitCodeOf, exitCodeOfSignal } from "./exit_codes.ts";
import { hasOneRegistry, toCommandHint } from "./command_hint.ts";
import { formatBytes } from "./format.ts";
import { StoppedError } from "../stopped_error.ts";
import { UsageError } from "../usage_error.ts";

/** The lines for stderr, and the exit code. */
export interface Explanation {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** The most causes to show. A chain of causes may be a ring. */
const MAX_CAUSES = 5;

export interface ExplainOptions {
  /** The command that failed, if the command line names one. Hints use its flags. */
  readonly command?: string | undefined;
  /** Whether to show stacks. @default false */
  readonly isDebug?: boolean;
}

export function explainError(
  error: unknown,
  { command, isDebug = false }: ExplainOptions = {},
): Explanation {
  const { lines, exitCode } = explain(error, command);
  // The stack of a usage error repeats the secrets that were removed from its message.
  const stacks = isDebug && !(error instanceof CommanderError) ? listStacks(error) : [];
  return { lines: [...lines, ...stacks].map(redactUrls), exitCode };
}

function explain(error: unknown, command: string | undefined): Explanation {
  if (error instanceof CommanderError) return explainUsage(error, command);
  if (error instanceof StoppedError) {
    return { lines: [error.message], exitCode: exitCodeOfSignal(error.signalName) };
  }
  if (error instanceof SyncConfigError) {
    return {
      lines: error.mistakes.map((mistake) => `error: ${formatMistake(mistake)}`),
      exitCode: exitCodeOf(error.code),
    };
  }
  if (error instanceof CrossdockError || error instanceof ParseError) {
    const { message, hint } = error;
    const side = "side" in error ? error.side : undefined;
    const prefix = side === undefined || hasOneRegistry(command) ? "" : `${side}: `;
    return {
      lines: [
        `error: ${prefix}${message}`,
        ...(error instanceof CopyError ? [`step: ${formatStep(error)}`] : []),
        ...listCauses(error),
        ...(hint === undefined ? [] : [
          `hint: ${error instanceof UsageError ? hint : toCommandHint(hint, { command, side })}`,
        ]),
      ],
      exitCode: exitCodeOf(error.code),
    };
  }
  if (error instanceof Error && error.name === "NotCapable") return explainPermission(error);
  return {
    lines: [
      `error: this is a bug in crossdock: ${toMessage(error)}`,
      ...listCauses(error),
      "hint: run the command again with --debug and report the output",
    ],
    exitCode: EXIT_BUG,
  };
}

/** Removes possible secrets: commander quotes the arguments that are too many. */
function explainUsage(
  { code, message, exitCode }: CommanderError,
  command: string | undefined,
): Explanation {
  if (exitCode === 0) return { lines: [], exitCode: EXIT_DONE };
  const usage = exitCodeOf("usage");
  // There was no command, and commander has printed the help.
  if (code === "commander.help") return { lines: [], exitCode: usage };
  const sentence = message.replace(/^error: /, "");
  const shown = code === "commander.excessArguments"
    ? sentence.replace(/: [^]*$/, "").replace(/\. Expected/, ", expected")
    : sentence;
  const help = command === undefined ? "crossdock --help" : `crossdock ${command} --help`;
  return { lines: [`error: ${shown}`, `hint: run ${help}`], exitCode: usage };
}

/** For Deno with fewer permissions than the program needs. */
function explainPermission({ message }: Error): Explanation {
  const flag = /--(?:allow|unstable)-[a-z-]+/.exec(message)?.[0];
  return {
    lines: [
      `error: Deno denied permission: ${message}`,
      ...(flag === undefined ? [] : [`hint: run Deno with ${flag}`]),
    ],
    exitCode: exitCodeOf("usage"),
  };
}

function formatStep({ step }: CopyError): string {
  if (step.type === "referrers") return `referrers of ${step.subject} in ${step.destination}`;
  const { digest, size } = step.descriptor;
  return `${step.type} ${digest} (${formatBytes(size)}) from ${step.source} to ${step.destination}`;
}

function listCauses(error: unknown): string[] {
  // An error that only adds a step or a side repeats the message of its cause.
  const shown = new Set([toMessage(error)]);
  const lines: string[] = [];
  for (const cause of causesOf(error)) {
    const message = toMessage(cause);
    if (message === "" || shown.has(message)) continue;
    shown.add(message);
    lines.push(`cause: ${message}`);
  }
  return lines;
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
