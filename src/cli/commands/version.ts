/** `crossdock version` */
import type { Command } from "@commander-js/extra-typings";
import pkg from "../../../package.json" with { type: "json" };
import { writeLines } from "../output/output.ts";
import type { CommandContext } from "./command_context.ts";

export function defineVersion(command: Command, { environment }: CommandContext): void {
  command.action(() => writeLines(environment, [pkg.version]));
}
