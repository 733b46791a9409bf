/** `crossdock serve` */
import type { Command } from "@commander-js/extra-typings";
import { SERVER_SETTINGS_HELP } from "../../server/help.ts";
import type { CommandContext } from "./command_context.ts";

export function defineServe(command: Command, { environment }: CommandContext): void {
  command.addHelpText("after", `\n${SERVER_SETTINGS_HELP}`).action(() => environment.serve());
}
