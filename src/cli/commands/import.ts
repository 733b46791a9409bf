/** `crossdock import --from PROGRAM FILE` */
import type { Command } from "@commander-js/extra-typings";
import { formatMistake, SyncConfigError } from "../../config/mistakes.ts";
import { parseSyncConfig } from "../../config/sync_config.ts";
import { ParseError } from "../../errors.ts";
import { importDregsy } from "../import/dregsy.ts";
import { importImageSyncer } from "../import/image_syncer.ts";
import type { Imported } from "../import/imported.ts";
import { importSkopeo } from "../import/skopeo.ts";
import { addOptions } from "../options/add_options.ts";
import type { ValuesOf } from "../options/add_options.ts";
import { IMPORT_OPTIONS } from "../options/options.ts";
import { readInputFile, toFileLabel } from "../options/read_input_file.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { writeLines, writeStderr } from "../output/output.ts";
import type { CommandContext } from "./command_context.ts";

type ImportFlags = ValuesOf<typeof IMPORT_OPTIONS>;

export function defineImport(command: Command, { environment, setExitCode }: CommandContext): void {
  addOptions(
    command.argument("<file>", "the file; - is stdin").argument(
      "[auth-file]",
      "image-syncer's second file, with its credentials",
    ),
    ...IMPORT_OPTIONS,
  ).action(async (file, authFile, flags) => {
    rejectUnused(flags, authFile);
    const text = await readInputFile(file, environment);
    const auth = authFile === undefined ? undefined : await readInputFile(authFile, environment);
    const { text: config, notes, omitted } = convert(
      { text, from: toFileLabel(file), auth },
      flags,
    );
    const faults = [...omitted, ...findMistakes(config)];
    for (const note of notes) writeStderr(environment, `note: ${note}`);
    for (const what of faults) {
      writeStderr(environment, `${flags.lenient ? "note" : "error"}: not converted: ${what}`);
    }
    await writeLines(environment, config.trimEnd().split("\n"));
    if (faults.length === 0 || flags.lenient) return;
    writeStderr(environment, "hint: add it to the config, or pass --lenient to exit with 0");
    setExitCode(exitCodeOf("usage"));
  });
}

/** What `crossdock sync` would reject in a converted file. Every variable counts as set. */
function findMistakes(config: string): string[] {
  const names = Array.from(config.matchAll(/env "(\w+)"/g), ([, name = ""]) => name);
  const env = Object.fromEntries(names.map((name) => [name, "registry.example"]));
  try {
    parseSyncConfig(config, {
      from: "config",
      env,
      now: 0,
      allowsLocal: true,
      allowsHelpers: true,
    });
    return [];
  } catch (error) {
    if (!(error instanceof SyncConfigError)) throw error;
    return error.mistakes.map(formatMistake);
  }
}

interface Files {
  readonly text: string;
  /** The name of the file in messages. */
  readonly from: string;
  readonly auth: string | undefined;
}

function convert(
  { text, from, auth }: Files,
  { from: program, to, scoped }: ImportFlags,
): Imported {
  switch (program) {
    case "skopeo":
      if (to === undefined) {
        throw new ParseError("import --from skopeo: --to is missing", {
          hint:
            "pass the last argument of skopeo sync, for example --to registry.example.com/mirror",
        });
      }
      return importSkopeo(text, { from, destination: to, scoped: scoped ?? false });
    case "image-syncer":
      return importImageSyncer({ images: text, ...(auth === undefined ? {} : { auth }) });
    case "dregsy":
      return importDregsy(text, from);
  }
}

/** Rejects what only another program uses, instead of ignoring it. */
function rejectUnused(
  { from, to, scoped }: ImportFlags,
  authFile: string | undefined,
): void {
  if (from !== "skopeo" && (to !== undefined || scoped)) {
    const option = to === undefined ? "--scoped" : "--to";
    throw new ParseError(
      `${option} requires --from skopeo: files of ${from} contain their targets`,
    );
  }
  if (from !== "image-syncer" && authFile !== undefined) {
    throw new ParseError(`import --from ${from}: expected one file, got two`);
  }
}
