/** Errors for people: what happened and on which side, what to do, and what was behind it. */
import { CommanderError } from "@commander-js/extra-typings";
import { CopyError } from "../../copy/copy_error.ts";
import { CrossdockError, ParseError } from "../../errors.ts";
import { redactUrls } from "../../redact_urls.ts";
import { formatMistake, SyncConfigError } from "../../config/mistakes.ts";
import { EXIT_BUG, EXIT_DONE, exitCodeOf, exitCodeOfSignal } from "./exit_codes.ts";
import { formatBytes } from "./format_bytes.ts";
import { StoppedError } from "../stopped_error.ts";

/** What to write to stderr, and what to end with. */
export interface Explanation {
  readonly lines: readonly string[];
  readonly exitCode: number;
}

/** Errors within errors that are shown; a chain may even be a ring. */
const MAX_CAUSES = 5;

/** @param isDebug whether stacks are shown */
export function explainError(error: unknown, isDebug: boolean): Explanation {
  const { lines, exitCode } = explain(error);
  // The stack of a usage error tells nothing, but quotes what was cut out of its message.
  const stacks = isDebug && !(error instanceof CommanderError) ? listStacks(error) : [];
  return { lines: [...lines, ...stacks].map(redactUrls), exitCode };
}

function explain(error: unknown): Explanation {
  if (error instanceof CommanderError) return explainUsage(error);
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
    const side = "side" in error && error.side ? `${error.side}: ` : "";
    return {
      lines: [
        `error: ${side}${error.message}`,
        ...(error instanceof CopyError ? [`step: ${formatStep(error)}`] : []),
        ...listCauses(error),
        ...(error.hint === undefined ? [] : [`hint: ${error.hint}`]),
      ],
      exitCode: exitCodeOf(error.code),
    };
  }
  if (error instanceof Error && error.name === "NotCapable") return explainPermission(error);
  return {
    lines: [
      `error: this is a bug in crossdock: ${toMessage(error)}`,
      ...listCauses(error),
      "hint: run it again with --debug and report what it says",
    ],
    exitCode: EXIT_BUG,
  };
}

/** The library quotes whole arguments, and `--dest-cred=user:password` is one: what may be a secret is cut off. */
function explainUsage({ code, message, exitCode }: CommanderError): Explanation {
  if (exitCode === 0) return { lines: [], exitCode: EXIT_DONE };
  const usage = exitCodeOf("usage");
  // It has shown the help, because there was no command.
  if (code === "commander.help") return { lines: [], exitCode: usage };
  const [, sentence = message, suggestion] =
    /^(?:error: )?([^]*?)(?:\n\(([^]*)\))?$/.exec(message) ?? [];
  const shown = code === "commander.unknownOption"
    ? sentence.replace(/=[^]*'$/, "'")
    : code === "commander.excessArguments"
    ? sentence.replace(/: [^]*$/, "").replace(/\. Expected/, ", expected")
    : sentence;
  const hint = suggestion?.replace(/=[^?]*\?$/, "?") ?? "crossdock help shows how it is used";
  return { lines: [`error: ${shown}`, `hint: ${hint}`], exitCode: usage };
}

/** Deno, when the program was started with fewer permissions than it needs. */
function explainPermission({ message }: Error): Explanation {
  const flag = /--(?:allow|unstable)-[a-z-]+/.exec(message)?.[0];
  return {
    lines: [
      `error: Deno does not permit it: ${message}`,
      ...(flag === undefined ? [] : [`hint: allow it with ${flag}`]),
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
  // An error that only adds where it happened has its cause's message.
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
