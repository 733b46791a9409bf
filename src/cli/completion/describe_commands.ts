/** Reads from commander's definitions what a shell can complete. */
import type { Argument, Command, CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/** The values that an option or an argument can have. */
export type Values =
  | { readonly type: "words"; readonly words: readonly string[] }
  | { readonly type: "file" }
  /** A value that no shell can know, such as a number. */
  | { readonly type: "text" };

export interface CompletedOption {
  /** `-c`, `--config` */
  readonly names: readonly string[];
  readonly description: string;
  /** Absent for an option without a value. */
  readonly values?: Values;
}

export interface CompletedCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly argument: Values | undefined;
}

const HELP: CompletedOption = { names: ["-h", "--help"], description: "show this help" };

/** The program itself, with an empty name, and its commands. */
export function describeCommands(
  program: Command,
): {
  readonly options: readonly CompletedOption[];
  readonly commands: readonly CompletedCommand[];
} {
  const commands = program.commands.map(describeCommand);
  const words = commands.map(({ name }) => name);
  return {
    options: [...describeOptions(program), HELP],
    commands: [...commands, {
      name: "help",
      aliases: [],
      description: "show the help of a command",
      options: [],
      argument: { type: "words", words },
    }],
  };
}

function describeCommand(command: CommandUnknownOpts): CompletedCommand {
  // An archive or a folder may be the name of an image.
  const [argument] = command.registeredArguments;
  return {
    name: command.name(),
    aliases: command.aliases(),
    description: command.description(),
    options: [...describeOptions(command), HELP],
    argument: argument && describeArgument(argument),
  };
}

function describeArgument(argument: Argument): Values {
  if (argument.argChoices) return { type: "words", words: argument.argChoices };
  return { type: ["id", "registry"].includes(argument.name()) ? "text" : "file" };
}

function describeOptions(command: CommandUnknownOpts): CompletedOption[] {
  return command.options.filter(({ hidden }) => !hidden).map((option) => {
    const names = [option.short, option.long].filter((name) => name !== undefined);
    const values = describeValues(option);
    return { names, description: option.description, ...(values ? { values } : {}) };
  });
}

/** `--tls <on|off|unverified>` has three words, and `--ca <file>` a file. */
function describeValues({ flags, required, optional, argChoices }: Option): Values | undefined {
  if (!required && !optional) return undefined;
  const [, placeholder = ""] = /[<[]([^>\]]*)[>\]]/.exec(flags) ?? [];
  const words = argChoices ?? (placeholder.includes("|") ? placeholder.split("|") : []);
  if (words.length > 0) return { type: "words", words };
  return { type: /^(file|path|folder|dir)$/.test(placeholder) ? "file" : "text" };
}
