/** What the parser knows about the options and operands of a command. */
import { Option } from "@commander-js/extra-typings";
import type { Command, CommandUnknownOpts } from "@commander-js/extra-typings";
import type { Argument } from "./scan_arguments.ts";

/** The flags of the program. None has a value. */
export const GLOBAL_FLAGS = ["--debug", "-v", "--verbose", "-h", "--help", "-V", "--version"];

/** The options and operands of a command, with the options of the whole program. */
export interface KnownOptions {
  readonly command: string;
  readonly options: ReadonlyMap<string, Option>;
  /** How many operands it can have. */
  readonly operands: number;
}

export function listKnownOptions(
  program: Command,
  command: CommandUnknownOpts | undefined,
): KnownOptions {
  const options = new Map<string, Option>();
  const help = new Option("-h, --help");
  for (const option of [help, ...program.options, ...command?.options ?? []]) {
    for (const flag of [option.long, option.short]) if (flag) options.set(flag, option);
  }
  return {
    command: command?.name() ?? "",
    options,
    operands: command?.registeredArguments.length ?? 0,
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
