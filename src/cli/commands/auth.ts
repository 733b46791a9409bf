/** `crossdock auth HOST[/repo]` */
import type { Command } from "@commander-js/extra-typings";
import { ParseError } from "../../errors.ts";
import { isLocal, parseRepository } from "../../oci/reference.ts";
import { addOptions } from "../options/add_options.ts";
import { openLocalEngine } from "../options/open_engine.ts";
import { jsonOption, REGISTRY_OPTIONS, REQUEST_OPTIONS } from "../options/options.ts";
import { toOnlySide } from "../options/side.ts";
import type { RegistryName } from "../options/side.ts";
import { formatAccess, toAccessHint } from "../output/format_access.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { writeJson, writeResult, writeStderr } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import type { CommandContext } from "./command_context.ts";

export function defineAuth(command: Command, context: CommandContext): void {
  const { environment, signal, setExitCode } = context;
  addOptions(
    command.argument(
      "<registry>",
      "host[:port], or host[:port]/repository to check that repository",
    ),
    ...REGISTRY_OPTIONS,
    ...REQUEST_OPTIONS,
    jsonOption,
  )
    .action(async (text, flags) => {
      const name = parseName(text);
      const engine = await openLocalEngine(environment, flags, toOnlySide(name, flags));
      const { registry, repository } = name;
      const { emit } = startProgress({ progress: "none", registry }, environment);
      const checked = repository === undefined ? registry : `${registry}/${repository}`;
      const check = await engine.checkAccess(checked, { signal, emit });
      const isGood = check.result === "accepted" || check.result === "anonymous";
      if (!isGood) setExitCode(exitCodeOf("unauthorized"));
      if (flags.json) await writeJson(environment, check);
      else await writeResult(environment, formatAccess(check));
      if (!isGood) writeStderr(environment, `hint: ${toAccessHint(check)}`);
    });
}

/** Parses a registry by the grammar of references, as the registry of a made-up repository. */
function parseName(text: string): RegistryName {
  const bare = text.replace(/^docker:\/\//, "").replace(/\/$/, "");
  const isPath = bare.includes("/");
  const name = parseRepository(isPath ? bare : `${bare}/any`);
  if (isLocal(name)) throw new ParseError(`${name.registry} is not a registry`);
  if (isPath) return name;
  const { registry, repository } = name;
  if (repository === "any" || registry !== "docker.io" || bare.includes(".")) return { registry };
  throw new ParseError(
    `${JSON.stringify(bare)} is not a registry, expected a host name or an address`,
    {
      hint: `for Docker Hub write docker.io/${bare}, for another registry add a port`,
    },
  );
}
