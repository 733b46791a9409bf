/** `crossdock tags REPO` */
import type { Command } from "@commander-js/extra-typings";
import { parseRepository } from "../../oci/reference.ts";
import { addOptions } from "../options/add_options.ts";
import { openEngine } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { toOnlySide } from "../options/side.ts";
import { writeJson, writeLines } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";

export function defineTags(command: Command, context: CommandContext): void {
  const { environment, signal } = context;
  addOptions(
    command.argument("<repository>", "registry/repository"),
    ...options.REGISTRY_OPTIONS,
    ...options.REQUEST_OPTIONS,
    ...options.VIA_OPTIONS,
    options.jsonOption,
  ).action(async (repository, flags) => {
    const name = parseRepository(repository);
    const side = toOnlySide(name, flags);
    const engine = await openEngine(environment, flags, side);
    const { emit } = startProgress({ progress: "none", registry: name.registry }, environment);
    const tags: string[] = [];
    for await (const page of engine.tags(repository, { signal, emit })) {
      if (flags.json) tags.push(...page);
      else await writeLines(environment, page);
    }
    if (flags.json) await writeJson(environment, tags);
  });
}
