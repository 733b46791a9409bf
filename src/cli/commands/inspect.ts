/** `crossdock inspect REF` */
import type { Command } from "@commander-js/extra-typings";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import { addOptions } from "../options/add_options.ts";
import { openEngine } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { toOnlySide } from "../options/side.ts";
import { formatInspection } from "../output/format_inspection.ts";
import { writeJson, writeResult } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";
import { suggestTags } from "./suggest_tags.ts";

export function defineInspect(command: Command, context: CommandContext): void {
  const { environment, signal } = context;
  addOptions(
    command.argument("<reference>", "registry/repository[:tag][@digest]"),
    ...options.REGISTRY_OPTIONS,
    ...options.REQUEST_OPTIONS,
    ...options.VIA_OPTIONS,
    options.jsonOption,
  ).action(async (reference, flags) => {
    const name = parseReference(reference);
    const side = toOnlySide(name, flags);
    const engine = await openEngine(environment, flags, side);
    const { emit } = startProgress({ progress: "none", registry: name.registry }, environment);
    const inspected = engine.inspect(reference, { signal, emit });
    const inspection = await suggestTags(inspected, engine, withDefaultTag(name), signal);
    if (flags.json) await writeJson(environment, inspection);
    else await writeResult(environment, formatInspection(inspection));
  });
}
