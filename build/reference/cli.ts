/** Renders docs/reference/cli.md, the commands and options, from the definitions of the command line. */
import { Command } from "@commander-js/extra-typings";
import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { CommandContext } from "../../src/cli/commands/command_context.ts";
import type { Example } from "../../src/cli/commands/commands.ts";
import { COMMANDS } from "../../src/cli/commands/commands.ts";
import { HELP_LAYOUT } from "../../src/cli/output/help.ts";
import { GENERATED, toCell, toTable } from "./markdown.ts";

const INTRODUCTION = `# Commands and options

${GENERATED}

For everyone who uses the command line: each command with its arguments and options, as in
\`crossdock COMMAND --help\`. [The command line](../cli.md) explains them with examples of output,
and [exit codes](json.md#exit-codes) lists what a script can test.

Options of several commands have the same meaning in each. \`--option value\` and \`--option=value\`
are the same. After \`--\` nothing is an option.

These work in front of and after each command:

| option            | meaning                                                                   |
| ----------------- | ------------------------------------------------------------------------- |
| \`-v\`, \`--verbose\` | log each request on stderr                                                |
| \`--debug\`         | log each request and the stacks of errors; also the variable CROSSDOCK_DEBUG |
| \`-h\`, \`--help\`    | show the help                                                             |
| \`-V\`, \`--version\` | print the version                                                         |
`;

export async function renderCliReference(): Promise<string> {
  const known = new Map<string, string>();
  const sections = [INTRODUCTION];
  for (const { name, description, examples, load } of COMMANDS) {
    const command = new Command(name).description(description).helpOption(false);
    // Definitions use their context only when a command runs.
    (await load())(command, {} as CommandContext);
    sections.push(renderCommand(command, examples, known));
  }
  return `${sections.join("\n").trimEnd()}\n`;
}

/** @param known headings of the commands that have a table already */
function renderCommand(
  command: CommandUnknownOpts,
  examples: readonly Example[],
  known: Map<string, string>,
): string {
  const name = `crossdock ${command.name()}`;
  const description = command.description();
  const parts = [
    `## ${name}`,
    `${description.charAt(0).toUpperCase()}${description.slice(1)}.`,
    `\`\`\`text\n${name} ${command.usage()}\n\`\`\``,
  ];
  const args = command.registeredArguments.filter((argument) => argument.description !== "");
  if (args.length > 0) {
    const rows = args.map((argument) => [code(argument.name()), toCell(argument.description)]);
    parts.push(toTable(["argument", "meaning"], rows));
  }
  for (const [heading, options] of groupOptions(command)) {
    const table = toTable(["option", "meaning", "default"], options.map(toRow));
    const title = heading.replace(/:$/, "");
    const earlier = known.get(table);
    if (earlier === undefined) {
      known.set(table, name);
      parts.push(`**${title}**`, table);
    } else {
      parts.push(`**${title}**: as for [${earlier}](#${earlier.replaceAll(" ", "-")}).`);
    }
  }
  if (examples.length > 0) {
    const lines = examples.map(({ text, command }) => `# ${text}\n${command}`);
    parts.push(`\`\`\`sh\n${lines.join("\n")}\n\`\`\``);
  }
  return `${parts.join("\n\n")}\n`;
}

/** The options below the headings of the help, in its order. */
function groupOptions(command: CommandUnknownOpts): ReadonlyMap<string, readonly Option[]> {
  const visible = command.options.filter(({ hidden }) => !hidden) as unknown as Option[];
  const help = Object.assign(command.createHelp(), HELP_LAYOUT);
  return help.groupItems(
    visible,
    visible,
    (option) => option.helpGroupHeading ?? "Options:",
  ) as ReadonlyMap<string, readonly Option[]>;
}

function toRow(option: Option): readonly string[] {
  const [, placeholder] = /([<[].+[>\]])/.exec(option.flags) ?? [];
  const names = [option.short, option.long].flatMap((name) => name ?? []).map(code).join(", ");
  const { meaning, fallback } = splitDefault(option);
  const value = placeholder === undefined ? "" : ` ${code(placeholder.replaceAll("|", "\\|"))}`;
  return [`${names}${value}`, toCell(meaning), toCell(fallback)];
}

/** Most descriptions end with their default in parentheses. */
function splitDefault({ description, defaultValue, defaultValueDescription }: Option): {
  readonly meaning: string;
  readonly fallback: string;
} {
  const [, meaning, fallback] = /^(.*) \(default(?:: (.+))?\)$/.exec(description) ?? [];
  if (meaning !== undefined) return { meaning, fallback: fallback ?? "yes" };
  const value = defaultValueDescription ??
    (["string", "number"].includes(typeof defaultValue) ? String(defaultValue) : "");
  return { meaning: description, fallback: value };
}

function code(text: string): string {
  return `\`${text}\``;
}
