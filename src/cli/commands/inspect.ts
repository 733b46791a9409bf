/** `crossdock inspect REF` */
import type { Command } from "@commander-js/extra-typings";
import { parseReference } from "../../oci/reference.ts";
import type { CommandContext } from "./command_context.ts";
import { formatInspection } from "../output/format_inspection.ts";
import { openEngine } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { writeJson, writeLines } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import { onlyFlags } from "../options/side_flags.ts";

export function addInspectCommand(program: Command, context: CommandContext): void {
  const { environment, signal } = context;
  program.command("inspect")
    .description("show an image: manifests, platforms, layers, sizes, and what refers to it")
    .argument("<reference>", "registry/repository[:tag][@digest]")
    .addOption(options.tlsOption)
    .addOption(options.caOption)
    .addOption(options.credsOption)
    .addOption(options.credsEnvOption)
    .addOption(options.credsFdOption)
    .addOption(options.authfileOption)
    .addOption(options.timeoutOption)
    .addOption(options.retriesOption)
    .addOption(options.viaOption)
    .addOption(options.viaTokenEnvOption)
    .addOption(options.viaTokenFdOption)
    .addOption(options.jsonOption)
    .action(async (reference, flags) => {
      const name = parseReference(reference);
      const engine = await openEngine(environment, flags, { named: onlyFlags(flags), name });
      const { emit } = startProgress({ progress: "none" }, environment);
      const inspection = await engine.inspect(reference, { signal, emit });
      if (flags.json) await writeJson(environment, inspection);
      else await writeLines(environment, formatInspection(inspection));
    });
}
