/** Replaces flags of other tools by those of crossdock, before the command line is parsed. */
import type { CommandContext } from "../commands/command_context.ts";
import { findRow } from "./flag_meaning.ts";
import { hasValue, listOperands } from "./known_options.ts";
import type { KnownOptions } from "./known_options.ts";
import { scanArguments } from "./scan_arguments.ts";
import type { Argument, Flag } from "./scan_arguments.ts";
import { Translator } from "./translator.ts";
import type { Translation } from "./translator.ts";
import { rejectUnknownOption } from "./unknown_option.ts";

const LEVELS = ["trace", "debug", "info", "warn", "error"];

/**
 * Translates the words after the command.
 *
 * @throws UsageError for an unknown flag, for one that crossdock rejects, and for contradictions
 */
export async function translateFlags(
  words: readonly string[],
  known: KnownOptions,
  context: CommandContext,
): Promise<Translation> {
  const scanned = scanArguments(
    words,
    (flag) =>
      hasValue(known.options.get(flag)) ?? findRow(flag, known.command)?.hasValue ??
        (flag.startsWith("--") && findRow(flag) ? false : undefined),
  );
  const found = joinValues(scanned, known);
  const translator = new Translator(known, listOperands(found));
  for (const argument of found) {
    if (argument.kind === "operand") translator.keep([argument.text]);
    else if (argument.kind === "rest") translator.keep(argument.words);
    else {
      const option = known.options.get(argument.flag);
      const row = findRow(argument.flag, known.command);
      if (option) translator[hasValue(option) ? "addOwn" : "addBoolean"](argument, option);
      else if (row) translator.addFamiliar(argument, row);
      else await rejectUnknownOption(argument.flag, known, context);
    }
  }
  return translator.finish();
}

/**
 * Joins flags without a value with a word that can only be one, because there are too many operands: regctl's `-v debug`, and
 * `--tls-verify false`.
 */
function joinValues(found: readonly Argument[], known: KnownOptions): Argument[] {
  const hasTooMany = listOperands(found).length > known.operands;
  const joined: Argument[] = [];
  for (const argument of found) {
    const last = joined.at(-1);
    const isLevel = argument.kind === "operand" && LEVELS.includes(argument.text);
    const isBoolean = argument.kind === "operand" && ["true", "false"].includes(argument.text);
    if (hasTooMany && isLevel && last?.kind === "flag" && last.flag === "-v") {
      joined[joined.length - 1] = toVerbosity(argument.text);
    } else if (hasTooMany && isBoolean && last?.kind === "flag" && last.value === undefined) {
      joined[joined.length - 1] = { ...last, value: argument.text, isInline: true };
    } else if (argument.kind === "flag" && argument.flag === "-v" && isLevelValue(argument)) {
      joined.push(toVerbosity(argument.value ?? ""));
    } else {
      joined.push(argument);
    }
  }
  return joined;
}

function isLevelValue({ isInline, value }: Flag): boolean {
  return isInline && LEVELS.includes(value ?? "");
}

function toVerbosity(value: string): Flag {
  return { kind: "flag", flag: "--verbosity", value, isInline: false, shown: "-v" };
}
