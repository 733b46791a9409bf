/** `crossdock tags REPO` */
import type { Command } from "@commander-js/extra-typings";
import { parseRepository } from "../../oci/reference.ts";
import type { CommandContext } from "./command_context.ts";
import { openEngine } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { writeJson, writeLines } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import { onlyFlags } from "../options/side_flags.ts";

export function addTagsCommand(program: Command, context: CommandContext): void {
  const { environment, signal } = context;
  program.command("tags")
    .description("list the tags of a repository, a line each")
    .argument("<repository>", "registry/repository")
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
    .action(async (repository, flags) => {
      const name = parseRepository(repository);
      const engine = await openEngine(environment, flags, { named: onlyFlags(flags), name });
      const { emit } = startProgress({ progress: "none" }, environment);
      const tags: string[] = [];
      for await (const page of engine.tags(repository, { signal, emit })) {
        if (flags.json) tags.push(...page);
        else await writeLines(environment, page);
      }
      if (flags.json) await writeJson(environment, tags);
    });
}
