/** What the parser knows about the options and operands of a command. */
import { Option } from "@commander-js/extra-typings";
import type { Command } from "@commander-js/extra-typings";
import { ParseError } from "../../errors.ts";
import type { Argument } from "./scan_arguments.ts";

/** The options and operands of a command, with the options of the whole program. */
export interface KnownOptions {
  readonly command: string;
  readonly options: ReadonlyMap<string, Option>;
  readonly operands: readonly KnownOperand[];
  /** The operands, as the help shows them. */
  readonly usage: string;
}

interface KnownOperand {
  readonly required: boolean;
  name(): string;
}

export interface Translation {
  readonly words: readonly string[];
  /** Lines for stderr: flags without an effect, and with another meaning than in their tool. */
  readonly notes: readonly string[];
  /** The new names of flags, as `--retry-times is --retries`. For errors, which name the new ones. */
  readonly renamed: readonly Renamed[];
}

export interface Renamed {
  readonly typed: string;
  readonly flag: string;
}

export function listKnownOptions(program: Command, command: Command | undefined): KnownOptions {
  const options = new Map<string, Option>();
  const help = new Option("-h, --help");
  for (const option of [help, ...program.options, ...command?.options ?? []]) {
    for (const flag of [option.long, option.short]) if (flag) options.set(flag, option);
  }
  return {
    command: command?.name() ?? "",
    options,
    operands: command?.registeredArguments ?? [],
    usage: command?.usage() ?? "",
  };
}

/** Whether an option has a value. Undefined for an unknown option. */
export function hasValue(option: Option | undefined): boolean | undefined {
  return option && (option.required || option.optional);
}

export function listOperands(found: readonly Argument[]): string[] {
  return found.flatMap((argument) => {
    if (argument.kind === "operand") return [argument.text];
    return argument.kind === "rest" ? argument.words.slice(1) : [];
  });
}

/** The command that prints the help of a command, or of the program. */
export function helpOf({ command }: KnownOptions): string {
  return ["crossdock", command, "--help"].filter((word) => word !== "").join(" ");
}

/** @throws ParseError for a missing operand, and for one too many */
export function rejectWrongOperands(
  found: readonly Argument[],
  known: KnownOptions,
): void {
  const isHelp = found.some((argument) =>
    argument.kind === "flag" && ["-h", "--help", "-V", "--version"].includes(argument.flag)
  );
  if (isHelp) return;
  const { command, operands, usage } = known;
  const count = listOperands(found).length;
  const missing = operands.slice(count).find(({ required }) => required);
  const hint = `write crossdock ${command} ${usage}; ${helpOf(known)} lists the options`;
  if (missing) throw new ParseError(`missing required argument '${missing.name()}'`, { hint });
  if (count <= operands.length) return;
  const expected = `${operands.length} argument${operands.length === 1 ? "" : "s"}`;
  throw new ParseError(
    `too many arguments for '${command}', expected ${expected} but got ${count}`,
    {
      hint: command === "sync"
        ? "sync reads the images from crossdock.yaml; to copy one image, use crossdock copy"
        : hint,
    },
  );
}
