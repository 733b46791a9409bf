/** `crossdock cancel ID --via URL` */
import type { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "./command_context.ts";
import { openRemoteEngine } from "../options/open_remote_engine.ts";
import * as options from "../options/options.ts";
import { tellDurableCopy } from "./tell_durable_copy.ts";

export function addCancelCommand(program: Command, context: CommandContext): void {
  const { environment, signal } = context;
  program.command("cancel")
    .description("stop a copy that copy --detach left to a server")
    .argument("<id>", "as copy --detach printed it")
    .addOption(options.requiredViaOption)
    .addOption(options.viaTokenEnvOption)
    .addOption(options.viaTokenFdOption)
    .addOption(options.jsonOption)
    .action(async (id, flags) => {
      const server = await openRemoteEngine(environment, flags.via, flags);
      await tellDurableCopy(await server.cancelCopy(id, { signal }), flags, context);
    });
}
