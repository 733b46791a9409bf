/** The layout of `--help`: two columns that fit the terminal, and examples at the end. */
import { Help, Option } from "@commander-js/extra-typings";
import type { CommandUnknownOpts, HelpConfiguration } from "@commander-js/extra-typings";
import type { Example } from "../commands/commands.ts";
import { paint } from "./color.ts";

const INDENT = 2;
/** A longer name has its description on the next line, so that descriptions have room at 80 columns. */
const MAX_TERM_WIDTH = 24;
const MIN_DESCRIPTION_WIDTH = 30;
/** Longer lines are hard to read. */
const MAX_HELP_WIDTH = 100;

/** The width of the help in a terminal, or elsewhere. */
export function toHelpWidth(columns = 80): number {
  return Math.min(columns, MAX_HELP_WIDTH);
}

/** For commander, which removes the colours where the output has none. */
export const HELP_LAYOUT: HelpConfiguration = {
  minWidthToWrap: 1,
  subcommandTerm: (command) => command.name(),
  // The descriptions in the list of commands are no sentences.
  commandDescription: (command) =>
    command.description().replace(/^[a-z]/, (letter) => letter.toUpperCase()),
  styleTitle: (title) => paint("bold", title),
  styleOptionText: (text) => paint("cyan", text),
  styleArgumentText: (text) => paint("cyan", text),
  styleSubcommandText: (text) => paint("cyan", text),
  formatItem,
  formatHelp,
  groupItems: (all, visible, getGroup) =>
    Help.prototype.groupItems(all, visible, (item) => toSideGroup(item) ?? getGroup(item)),
};

/** Copies have many options for each registry. */
function toSideGroup(item: CommandUnknownOpts | Option): string | undefined {
  if (!(item instanceof Option)) return undefined;
  const [, side] = /^--(src|dest)-/.exec(item.long ?? "") ?? [];
  if (side === undefined) return undefined;
  return side === "src" ? "Source registry:" : "Destination registry:";
}

/** The program has its commands first: its own options are of little use. */
function formatHelp(command: CommandUnknownOpts, help: Help): string {
  const text = Help.prototype.formatHelp.call(help, command, help);
  if (command.parent !== null) return text;
  const sections = text.trimEnd().split("\n\n");
  const isOptions = (section: string): boolean => /^[^\n]*Options:/.test(section);
  return [
    ...sections.filter((section) => !isOptions(section)),
    ...sections.filter(isOptions),
  ].join("\n\n") + "\n";
}

function formatItem(term: string, width: number, description: string, help: Help): string {
  const termWidth = Math.min(width, MAX_TERM_WIDTH);
  const indent = " ".repeat(INDENT);
  if (description === "") return `${indent}${term}`;
  const helpWidth = help.helpWidth ?? toHelpWidth();
  const isNarrow = helpWidth - termWidth - 2 * INDENT < MIN_DESCRIPTION_WIDTH;
  const column = isNarrow ? 3 * INDENT : termWidth + 2 * INDENT;
  const lines = help.boxWrap(description, Math.max(helpWidth - column, 1)).split("\n");
  const text = lines.join(`\n${" ".repeat(column)}`);
  const padding = termWidth - help.displayWidth(term);
  const gap = isNarrow || padding < 0 ? `\n${" ".repeat(column)}` : " ".repeat(padding + INDENT);
  return `${indent}${term}${gap}${text}`;
}

/** The examples of a command. */
export function formatExamples(examples: readonly Example[]): string {
  const lines = examples.flatMap((
    { text, command },
  ) => [`  ${paint("dim", `# ${text}`)}`, `  $ ${command}`]);
  return [paint("bold", "Examples:"), ...lines].join("\n");
}
