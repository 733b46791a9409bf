/** `crossdock digest REF` */
import type { Command } from "@commander-js/extra-typings";
import { resolveDigest } from "../../copy/read_image.ts";
import { ParseError } from "../../errors.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { parseReference, withDefaultTag } from "../../oci/reference.ts";
import { addOptions } from "../options/add_options.ts";
import { openEngine, openLocalEngine, rejectViaToken } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { toOnlySide } from "../options/side.ts";
import { writeLines } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";
import { suggestTags } from "./suggest_tags.ts";

export function defineDigest(command: Command, context: CommandContext): void {
  const { environment, signal } = context;
  addOptions(
    command.argument("<reference>", "registry/repository[:tag][@digest]"),
    options.onePlatformOption,
    ...options.REGISTRY_OPTIONS,
    ...options.REQUEST_OPTIONS,
    ...options.VIA_OPTIONS,
  ).action(async (reference, flags) => {
    const name = parseReference(reference);
    const side = toOnlySide(name, flags);
    const { emit } = startProgress({ progress: "none", registry: name.registry }, environment);
    const { via, platform } = flags;
    if (via === undefined) {
      rejectViaToken(flags);
      const engine = await openLocalEngine(environment, flags, side);
      const image = withDefaultTag(name);
      const resolved = resolveDigest(image, engine.openSource(reference, { emit }), {
        platform: platform === undefined ? undefined : parsePlatform(platform),
        signal,
      });
      const digest = await suggestTags(resolved, engine, image, signal);
      return await writeLines(environment, [digest]);
    }
    if (platform !== undefined) {
      throw new ParseError(
        "--platform cannot be combined with --via: the server has no call for it",
      );
    }
    const engine = await openEngine(environment, flags, side);
    const { root } = await engine.inspect(reference, { signal, emit });
    await writeLines(environment, [root.descriptor.digest]);
  });
}
