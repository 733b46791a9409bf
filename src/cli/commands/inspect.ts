/** `crossdock inspect REF` */
import type { Command } from "@commander-js/extra-typings";
import type { Inspection } from "../../copy/model.ts";
import { readManifest, readRawConfig, resolveDigest } from "../../copy/read_image.ts";
import type { RunOptions } from "../../engine.ts";
import type { SyncEngine } from "../../sync/sync_engine.ts";
import { ParseError } from "../../errors.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { formatReference, parseReference, withDefaultTag } from "../../oci/reference.ts";
import { addOptions } from "../options/add_options.ts";
import type { ValuesOf } from "../options/add_options.ts";
import { openEngine, openLocalEngine, rejectViaToken } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { toOnlySide } from "../options/side.ts";
import { formatInspection } from "../output/format_inspection.ts";
import { writeBytes, writeJson, writeResult } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";
import { suggestTags } from "./suggest_tags.ts";

const OPTIONS = [
  options.onePlatformOption,
  options.rawOption,
  options.configOption,
  ...options.REGISTRY_OPTIONS,
  ...options.REQUEST_OPTIONS,
  ...options.VIA_OPTIONS,
  options.jsonOption,
] as const;

type InspectFlags = ValuesOf<typeof OPTIONS>;

export function defineInspect(command: Command, context: CommandContext): void {
  const { environment, signal } = context;
  addOptions(
    command.argument("<reference>", "registry/repository[:tag][@digest]"),
    ...OPTIONS,
  ).action(async (reference, flags) => {
    rejectContradictions(flags);
    const name = parseReference(reference);
    const side = toOnlySide(name, flags);
    const { emit } = startProgress({ progress: "none", registry: name.registry }, environment);
    const { raw, config, platform } = flags;
    const run = { signal, emit };
    const image = withDefaultTag(name);
    let result: Uint8Array | Inspection;
    if (raw || config || platform !== undefined) {
      const engine = await openLocalEngine(environment, flags, side);
      result = await suggestTags(read(reference, flags, engine, run), engine, image, signal);
    } else {
      const engine = await openEngine(environment, flags, side);
      result = await suggestTags(engine.inspect(reference, run), engine, image, signal);
    }
    if (result instanceof Uint8Array) await writeBytes(environment, result);
    else if (flags.json) await writeJson(environment, result);
    else await writeResult(environment, formatInspection(result));
  });
}

function rejectContradictions(flags: InspectFlags): void {
  const { json, via } = flags;
  const option = (["raw", "config", "platform"] as const).find((name) => flags[name] !== undefined);
  if (option === undefined) return;
  if (via !== undefined) {
    throw new ParseError(
      `--${option} cannot be combined with --via: the server has no call for it`,
    );
  }
  rejectViaToken(flags);
  if (json && option !== "platform") {
    throw new ParseError(`--${option} and --json cannot be combined`);
  }
}

/** Reads content unchanged, or inspects the image of one platform. */
async function read(
  text: string,
  { raw, config, platform, timeout: timeoutMs }: InspectFlags,
  engine: SyncEngine,
  { signal, emit }: Required<RunOptions>,
): Promise<Uint8Array | Inspection> {
  const reference = withDefaultTag(parseReference(text));
  const source = engine.openSource(text, { emit });
  const options = {
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    signal,
  };
  if (config) return await readRawConfig(reference, source, options);
  if (raw) return (await readManifest(reference, source, options)).bytes;
  const digest = await resolveDigest(reference, source, options);
  return await engine.inspect(formatReference({ ...reference, digest }), { signal, emit });
}
