/** Explains an option that a command does not have. */
import type { CommandContext } from "../commands/command_context.ts";
import { UsageError } from "../usage_error.ts";
import { suggest } from "../../suggest.ts";
import { FAMILIAR_FLAGS, listSpellings, TWO_REGISTRIES } from "./familiar_flags.ts";
import type { FamiliarFlag } from "./familiar_flags.ts";
import { loadCommands } from "./flag_shapes.ts";
import { helpOf } from "./known_options.ts";
import type { KnownOptions } from "./known_options.ts";

/** @throws UsageError always. The message does not contain the value of the option, which may be a secret. */
export async function rejectUnknownOption(
  flag: string,
  known: KnownOptions,
  context: CommandContext,
): Promise<never> {
  const hint = hintDash(flag, known) ?? hintOtherSide(flag, known) ??
    await hintOtherCommand(flag, context) ??
    hintNearest(flag, known) ?? `run ${helpOf(known)}`;
  throw new UsageError(`unknown option '${flag}'`, { hint });
}

/** `-debug` for `--debug`. */
function hintDash(flag: string, { options }: KnownOptions): string | undefined {
  const long = `-${flag}`;
  const isLong = options.has(long) ||
    FAMILIAR_FLAGS.some((row) => flag.length > 2 && listSpellings(row).includes(long));
  return isLong ? `Did you mean ${long}?` : undefined;
}

/** `--creds` for two registries, and `--src-creds` for one. */
function hintOtherSide(flag: string, { command, options }: KnownOptions): string | undefined {
  const rows = FAMILIAR_FLAGS.filter((row) => row.commands.includes(command));
  if (TWO_REGISTRIES.includes(command)) {
    const name = flag.slice(2);
    if (options.has(`--src-${name}`)) {
      return `${command} has two registries: use --src-${name} or --dest-${name}`;
    }
    const row = rows.find(({ flags }) => "only" in flags && flags.only.includes(flag));
    return row && `${command} has two registries: ${describeSides(row)}`;
  }
  const [, name] = /^--(?:src|dest|from|to)-(.+)$/.exec(flag) ?? [];
  if (name === undefined) return undefined;
  if (options.has(`--${name}`)) return `${command} has one registry: use --${name}`;
  const row = rows.find(({ flags }) =>
    "only" in flags && [...flags.source, ...flags.destination].includes(flag)
  );
  if (!row || !("only" in row.flags)) return undefined;
  return `${command} has one registry: use ${row.flags.only[0]}`;
}

/** The same flag for each side. Flags that read stdin have none. */
function describeSides({ flags, means }: FamiliarFlag): string {
  const [source] = "only" in flags ? flags.source : [];
  const [destination] = "only" in flags ? flags.destination : [];
  if (source !== undefined) return `use ${source} or ${destination}`;
  return "rejected" in means ? means.rejected.replaceAll("SIDE-", "src-") : "name one side";
}

async function hintOtherCommand(
  flag: string,
  context: CommandContext,
): Promise<string | undefined> {
  const commands = await loadCommands(context);
  const having = commands.filter(({ options }) =>
    options.some(({ long, short }) => long === flag || short === flag)
  ).map((command) => command.name());
  const named = FAMILIAR_FLAGS.filter((row) => listSpellings(row).includes(flag))
    .flatMap((row) => row.commands);
  const all = commands.map((command) => command.name())
    .filter((name) => having.includes(name) || named.includes(name));
  return all.length === 0 ? undefined : `it is for crossdock ${joinWords(all)}`;
}

function hintNearest(flag: string, { command, options }: KnownOptions): string | undefined {
  if (!flag.startsWith("--")) return undefined;
  const familiar = FAMILIAR_FLAGS.filter((row) => row.commands.includes(command))
    .flatMap(listSpellings);
  const long = [...options.keys(), ...familiar].filter((name) => name.startsWith("--"));
  const nearest = suggest(flag, long);
  return nearest === undefined ? undefined : `Did you mean ${nearest}?`;
}

function joinWords(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
