/** `crossdock import --from PROGRAM FILE` */
import { Argument } from "@commander-js/extra-typings";
import type { Command } from "@commander-js/extra-typings";
import { ParseError } from "../../errors.ts";
import { importDregsy } from "../import/dregsy.ts";
import { importImageSyncer } from "../import/image_syncer.ts";
import type { Imported } from "../import/imported.ts";
import { importSkopeo } from "../import/skopeo.ts";
import type { CommandContext } from "./command_context.ts";
import * as options from "../options/options.ts";
import { say, writeLines } from "../output/output.ts";
import { readInputFile } from "../options/read_input_file.ts";

/** All options of `import`. */
interface ImportOptions {
  readonly from: "skopeo" | "image-syncer" | "dregsy";
  readonly to?: string | undefined;
  readonly scoped?: true | undefined;
}

export function addImportCommand(program: Command, { environment }: CommandContext): void {
  program.command("import")
    .description("turn another program's file into a crossdock.yaml; secrets are left out")
    .addArgument(new Argument("<file>", "the file; - is stdin"))
    .addArgument(new Argument("[auth-file]", "image-syncer's second file, with its logins"))
    .addOption(options.importFromOption)
    .addOption(options.importToOption)
    .addOption(options.importScopedOption)
    .action(async (file, authFile, flags) => {
      refuseOthers(flags, authFile);
      const text = await readInputFile(file, environment);
      const auth = authFile === undefined ? undefined : await readInputFile(authFile, environment);
      const { text: config, notes } = convert({ text, from: nameOf(file), auth }, flags);
      for (const note of notes) say(environment, `note: ${note}`);
      await writeLines(environment, config.trimEnd().split("\n"));
    });
}

interface Files {
  readonly text: string;
  /** What mistakes call it. */
  readonly from: string;
  readonly auth: string | undefined;
}

function convert(
  { text, from, auth }: Files,
  { from: program, to, scoped }: ImportOptions,
): Imported {
  switch (program) {
    case "skopeo":
      if (to === undefined) {
        throw new ParseError("import --from skopeo: --to is missing", {
          hint: "give the last argument of skopeo sync: --to registry.example.com/mirror",
        });
      }
      return importSkopeo(text, { from, destination: to, scoped: scoped ?? false });
    case "image-syncer":
      return importImageSyncer({ images: text, ...(auth === undefined ? {} : { auth }) });
    case "dregsy":
      return importDregsy(text, from);
  }
}

/** What counts for one program alone is not passed over in silence for another. */
function refuseOthers(
  { from, to, scoped }: ImportOptions,
  authFile: string | undefined,
): void {
  if (from !== "skopeo" && (to !== undefined || scoped)) {
    const option = to === undefined ? "--scoped" : "--to";
    throw new ParseError(`${option} is for --from skopeo: the files of ${from} name their targets`);
  }
  if (from !== "image-syncer" && authFile !== undefined) {
    throw new ParseError(`import --from ${from}: want one file, got two`);
  }
}

function nameOf(path: string): string {
  return path === "-" ? "stdin" : path;
}
