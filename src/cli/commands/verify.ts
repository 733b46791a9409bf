/** `crossdock verify SRC DST` */
import type { Command } from "@commander-js/extra-typings";
import type { CommandContext } from "./command_context.ts";
import { toCopyRequest, toSides } from "../options/copy_request.ts";
import { EXIT_DIFFERENT } from "../output/exit_codes.ts";
import { formatVerification } from "../output/format_verification.ts";
import { openEngine } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { writeJson, writeLines } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";

export function addVerifyCommand(program: Command, context: CommandContext): void {
  const { environment, signal } = context;
  program.command("verify")
    .description("compare an image with its copy to the last blob, moving none")
    .argument("<source>", "registry/repository[:tag][@digest]")
    .argument("<destination>", "the same; without tag and digest it takes those of the source")
    .addOption(options.platformOption)
    .addOption(options.indexOption)
    .addOption(options.referrersOption)
    .addOption(options.noReferrersOption)
    .addOption(options.referrerSourceOption)
    .addOption(options.referrerDestinationOption)
    .addOption(options.digestTagsOption)
    .addOption(options.noDigestTagsOption)
    .addOption(options.foreignLayersOption)
    .addOption(options.srcTlsOption)
    .addOption(options.srcCaOption)
    .addOption(options.srcCredsOption)
    .addOption(options.srcCredsEnvOption)
    .addOption(options.srcCredsFdOption)
    .addOption(options.destTlsOption)
    .addOption(options.destCaOption)
    .addOption(options.destCredsOption)
    .addOption(options.destCredsEnvOption)
    .addOption(options.destCredsFdOption)
    .addOption(options.authfileOption)
    .addOption(options.concurrencyOption)
    .addOption(options.timeoutOption)
    .addOption(options.retriesOption)
    .addOption(options.viaOption)
    .addOption(options.viaTokenEnvOption)
    .addOption(options.viaTokenFdOption)
    .addOption(options.jsonOption)
    .action(async (source, destination, flags) => {
      const request = toCopyRequest(source, destination, flags);
      const sides = toSides(request, flags);
      const engine = await openEngine(environment, flags, sides.source, sides.destination);
      const { emit } = startProgress({ progress: "none" }, environment);
      const verification = await engine.verify(request, { signal, emit });
      if (!verification.equal) context.setExitCode(EXIT_DIFFERENT);
      if (flags.json) await writeJson(environment, verification);
      else await writeLines(environment, formatVerification(verification));
    });
}
