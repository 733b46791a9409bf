/** Makes the words after the command ready for the parser. Loads what is known about other tools only if it is needed. */
import type { CommandContext } from "../commands/command_context.ts";
import { hasValue, listOperands, rejectWrongOperands } from "./known_options.ts";
import type { KnownOptions, Translation } from "./known_options.ts";
import { scanArguments } from "./scan_arguments.ts";
import type { Argument } from "./scan_arguments.ts";

/** @throws ParseError for an unknown or rejected flag, for contradictions, and for a wrong number of operands */
export async function translateWords(
  words: readonly string[],
  known: KnownOptions,
  context: CommandContext,
): Promise<Translation> {
  const found = scanArguments(words, (flag) => hasValue(known.options.get(flag)));
  if (isOwn(found, words, known)) {
    rejectWrongOperands(found, known);
    return { words, notes: [], renamed: [] };
  }
  const { translateFlags } = await import("./translate_flags.ts");
  return await translateFlags(words, known, context);
}

/** Whether the parser can read the words as they are: only flags of crossdock, in its own forms. */
function isOwn(found: readonly Argument[], words: readonly string[], known: KnownOptions): boolean {
  const hasCluster = words.some((word) => /^-[^-]./.test(word));
  return !hasCluster && listOperands(found).length <= known.operands.length &&
    found.every((argument) => {
      if (argument.kind !== "flag") return true;
      const option = known.options.get(argument.flag);
      return option !== undefined && (hasValue(option) || !argument.isInline);
    });
}
