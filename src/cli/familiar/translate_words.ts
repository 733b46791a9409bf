/** Makes the command line ready for the parser. Loads what is known about other tools only if it is needed. */
import type { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "../commands/command_context.ts";
import type { Explanation } from "../output/explain_error.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { hasValue, listKnownOptions, listOperands } from "./known_options.ts";
import type { KnownOptions } from "./known_options.ts";
import { scanArguments } from "./scan_arguments.ts";
import type { Argument } from "./scan_arguments.ts";
import type { Renamed, Translation } from "./translate_flags.ts";

/**
 * Replaces flags of other tools by those of crossdock.
 *
 * @param words the command line with the name of the command first, if it has one
 * @throws UsageError for an unknown or rejected flag, and for contradictions
 */
export async function translateWords(
  words: readonly string[],
  program: Command,
  context: CommandContext,
): Promise<Pick<Translation, "words" | "renamed">> {
  const [name] = words;
  if (name === "help") return { words, renamed: [] };
  const command = program.commands.find((command) => command.name() === name);
  const known = listKnownOptions(program, command);
  const rest = words.slice(command ? 1 : 0);
  const found = scanArguments(rest, (flag) => hasValue(known.options.get(flag)));
  if (isOwn(found, rest, known)) return { words, renamed: [] };
  const { translateFlags } = await import("./translate_flags.ts");
  const translation = await translateFlags(rest, known, context);
  // When the command starts, and not before the error of a command line.
  program.hook("preAction", (_, command) => {
    if (command.getOptionValue("quiet")) return;
    for (const note of translation.notes) context.environment.lines?.print(`note: ${note}`);
  });
  return {
    words: [...(command ? [command.name()] : []), ...translation.words],
    renamed: translation.renamed,
  };
}

/** Whether the parser can read the words as they are: only flags of crossdock, in its own forms. */
function isOwn(
  found: readonly Argument[],
  words: readonly string[],
  known: KnownOptions,
): boolean {
  const hasCluster = words.some((word) => /^-[^-]./.test(word));
  return !hasCluster && listOperands(found).length <= known.operands &&
    found.every((argument) => {
      if (argument.kind !== "flag") return true;
      const option = known.options.get(argument.flag);
      return option !== undefined && (hasValue(option) || !argument.isInline);
    });
}

/** The flags of other tools whose new names are in an error of the command line. */
export function listRenamed(
  renamed: readonly Renamed[],
  { lines, exitCode }: Pick<Explanation, "lines" | "exitCode">,
): string[] {
  if (exitCode !== exitCodeOf("usage")) return [];
  const isNamed = (flag: string): boolean =>
    lines.some((line) => new RegExp(`${flag}(?![\\w-])`).test(line));
  const named = renamed.filter(({ flag }) => isNamed(flag));
  return [...new Set(named.map(({ typed, flag }) => `note: ${typed} is ${flag}`))];
}
