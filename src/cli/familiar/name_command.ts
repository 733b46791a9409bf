/** Finds the command on the command line, also by the name that another tool has for it, and after flags. */
import { UsageError } from "../usage_error.ts";
import { suggest } from "../../suggest.ts";
import type { CommandContext } from "../commands/command_context.ts";
import { COMMANDS } from "../commands/commands.ts";
import { FAMILIAR_COMMANDS } from "./familiar_commands.ts";
import type { CommandMeaning } from "./familiar_commands.ts";
import { GLOBAL_FLAGS } from "./known_options.ts";
import { scanArguments } from "./scan_arguments.ts";

/**
 * Puts the name that crossdock has for the command in front, also after `help`. A command line without a command stays as it is.
 *
 * @throws UsageError for an unknown command, and for one that only other tools have
 */
export async function nameCommand(
  argv: readonly string[],
  context: CommandContext,
): Promise<readonly string[]> {
  // As in skopeo, docker and node. In front of a command it is --verbose.
  if (argv.length === 1 && argv[0] === "-v") return ["--version"];
  const index = await findCommandWord(argv, context);
  if (index === undefined) return argv;
  const [before, words] = [argv.slice(0, index), argv.slice(index)];
  if (words[0] === "help") {
    const rest = words.slice(1).filter((word) => !word.startsWith("-"));
    return rest.length === 0 ? ["help"] : ["help", resolve(rest).name];
  }
  const { name, flags, length } = resolve(words);
  return [name, ...flags, ...before, ...words.slice(length)];
}

/** The index of the first word that is neither a flag nor the value of one. */
async function findCommandWord(
  argv: readonly string[],
  context: CommandContext,
): Promise<number | undefined> {
  const start = argv.findIndex((word) => !GLOBAL_FLAGS.includes(word));
  if (start < 0) return undefined;
  if (!argv[start]?.startsWith("-")) return start;
  const { loadFlagShapes } = await import("./flag_shapes.ts");
  const shapes = await loadFlagShapes(context);
  for (let index = start; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") return undefined;
    if (!word.startsWith("-") || word === "-") return index;
    const found = scanArguments([word, "value"], (flag) => shapes.get(flag));
    for (const argument of found) {
      if (argument.kind === "flag" && !shapes.has(argument.flag)) {
        throw unknownOption(argument.flag, shapes.keys());
      }
    }
    if (found.at(-1)?.kind === "flag") index++;
  }
  return undefined;
}

/** Before the next word is taken for a command: it may be the value of the option, and a secret. */
function unknownOption(flag: string, known: Iterable<string>): UsageError {
  const nearest = flag.startsWith("--") ? suggest(flag, known) : undefined;
  return new UsageError(`unknown option '${flag}'`, {
    hint: nearest === undefined ? "run crossdock --help" : `Did you mean ${nearest}?`,
  });
}

interface Resolved {
  readonly name: string;
  readonly flags: readonly string[];
  /** How many words the name has on the command line. */
  readonly length: number;
}

function resolve(words: readonly string[]): Resolved {
  const [first = ""] = words;
  for (const length of [3, 2]) {
    const meaning = lookUp(words.slice(0, length).join(" "));
    if (meaning) return follow(meaning, words.slice(0, length));
  }
  if (COMMANDS.some(({ name }) => name === first)) return { name: first, flags: [], length: 1 };
  const meaning = lookUp(first);
  if (meaning) return follow(meaning, [first]);
  // A reference may contain a password.
  if (/[:/@]/.test(first)) {
    throw new UsageError("the command is missing", {
      hint: "write crossdock copy SOURCE DESTINATION; crossdock --help lists the commands",
    });
  }
  throw new UsageError(`unknown command '${first}'`, { hint: suggestCommand(first) });
}

function lookUp(words: string): CommandMeaning | undefined {
  return Object.hasOwn(FAMILIAR_COMMANDS, words) ? FAMILIAR_COMMANDS[words] : undefined;
}

/** @throws UsageError if crossdock has no such command */
function follow(meaning: CommandMeaning, words: readonly string[]): Resolved {
  if ("rejected" in meaning) {
    throw new UsageError(`unknown command '${words.join(" ")}'`, { hint: meaning.rejected });
  }
  const [name = "", ...flags] = meaning.becomes.split(" ");
  return { name, flags, length: words.length };
}

function suggestCommand(word: string): string {
  const known = [
    ...COMMANDS.map(({ name }) => name),
    ...Object.keys(FAMILIAR_COMMANDS).filter((words) => !words.includes(" ")),
  ];
  const nearest = suggest(word, known);
  if (nearest === undefined) return "run crossdock --help";
  const meaning = lookUp(nearest);
  if (!meaning) return `Did you mean ${nearest}?`;
  return "becomes" in meaning
    ? `Did you mean ${nearest}? It is crossdock ${meaning.becomes}`
    : `Did you mean ${nearest}? ${meaning.rejected}`;
}
