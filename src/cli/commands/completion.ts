/** `crossdock completion SHELL` */
import { Argument } from "@commander-js/extra-typings";
import type { Command } from "@commander-js/extra-typings";
import { toBash } from "../completion/bash.ts";
import { describeCommands } from "../completion/describe_commands.ts";
import { toFish } from "../completion/fish.ts";
import { toZsh } from "../completion/zsh.ts";
import { writeText } from "../output/output.ts";
import type { CommandContext } from "./command_context.ts";

const SHELLS = { bash: toBash, zsh: toZsh, fish: toFish } as const;

export function defineCompletion(
  command: Command,
  { environment, loadProgram }: CommandContext,
): void {
  command
    .addArgument(
      new Argument("<shell>", "the shell that reads the script")
        .choices(Object.keys(SHELLS) as (keyof typeof SHELLS)[]),
    )
    .action(async (shell) => {
      await writeText(environment, SHELLS[shell](describeCommands(await loadProgram())));
    });
}
