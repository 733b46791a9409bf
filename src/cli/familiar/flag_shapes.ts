/** Loads the options of all commands. Only for command lines that need them: flags before the command, and unknown flags. */
import { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "../commands/command_context.ts";
import { COMMANDS } from "../commands/commands.ts";
import { FAMILIAR_FLAGS, listSpellings } from "./familiar_flags.ts";
import { GLOBAL_FLAGS } from "./known_options.ts";

/** Whether a flag of any command, or of another tool, has a value. */
export async function loadFlagShapes(
  context: CommandContext,
): Promise<ReadonlyMap<string, boolean>> {
  const shapes = new Map<string, boolean>(GLOBAL_FLAGS.map((flag) => [flag, false]));
  for (const row of FAMILIAR_FLAGS) {
    for (const flag of listSpellings(row)) shapes.set(flag, row.hasValue ?? false);
  }
  for (const { options } of await loadCommands(context)) {
    for (const { long, short, required, optional } of options) {
      if (long) shapes.set(long, required || optional);
      if (short) shapes.set(short, required || optional);
    }
  }
  return shapes;
}

/** All commands with their options. */
export async function loadCommands(context: CommandContext): Promise<Command[]> {
  return await Promise.all(COMMANDS.map(async ({ name, load }) => {
    const command = new Command(name);
    (await load())(command, context);
    return command;
  }));
}
