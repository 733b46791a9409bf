/** `crossdock auth HOST[/repo]` */
import type { Command } from "@commander-js/extra-typings";
import { ParseError } from "../../errors.ts";
import { parseRepository } from "../../oci/reference.ts";
import type { AccessCheck } from "../../registry/check_access.ts";
import type { CommandContext } from "./command_context.ts";
import { exitCodeOf } from "../output/exit_codes.ts";
import { openLocalEngine } from "../options/open_engine.ts";
import * as options from "../options/options.ts";
import { writeJson, writeLines } from "../output/output.ts";
import { startProgress } from "../output/progress.ts";
import { onlyFlags } from "../options/side_flags.ts";
import type { SideName } from "../options/side_options.ts";

export function addAuthCommand(program: Command, context: CommandContext): void {
  const { environment, signal } = context;
  program.command("auth")
    .description("say which credential is used for a registry and whether it works; never shows it")
    .argument("<registry>", "host[:port], with /repository to try that one")
    .addOption(options.tlsOption)
    .addOption(options.caOption)
    .addOption(options.credsOption)
    .addOption(options.credsEnvOption)
    .addOption(options.credsFdOption)
    .addOption(options.authfileOption)
    .addOption(options.timeoutOption)
    .addOption(options.retriesOption)
    .addOption(options.jsonOption)
    .action(async (text, flags) => {
      const name = parseName(text);
      const engine = await openLocalEngine(environment, flags, { named: onlyFlags(flags), name });
      const { emit } = startProgress({ progress: "none" }, environment);
      const { registry, repository } = name;
      const checked = repository === undefined ? registry : `${registry}/${repository}`;
      const check = await engine.checkAccess(checked, { signal, emit });
      const isGood = check.result === "accepted" || check.result === "anonymous";
      if (!isGood) context.setExitCode(exitCodeOf("unauthorized"));
      if (flags.json) await writeJson(environment, check);
      else await writeLines(environment, formatAccessCheck(check));
    });
}

/** A registry alone is read by the grammar of references: as the registry of some repository. */
function parseName(text: string): SideName {
  const bare = text.replace(/^docker:\/\//, "").replace(/\/$/, "");
  if (bare.includes("/")) return parseRepository(bare);
  const { registry, repository } = parseRepository(`${bare}/any`);
  if (repository === "any" || registry !== "docker.io" || bare.includes(".")) return { registry };
  throw new ParseError(`${JSON.stringify(bare)} is no registry, want a host name or address`, {
    hint: `write docker.io/${bare} if you mean Docker Hub's, or add a port`,
  });
}

const RESULTS: Readonly<Record<AccessCheck["result"], string>> = {
  accepted: "the registry accepts the credential",
  refused: "the registry refuses the credential",
  anonymous: "there is no credential, and the registry answers without one",
  none: "there is no credential, and the registry wants one",
};

function formatAccessCheck({ registry, repository, from, sources, result }: AccessCheck): string[] {
  const name = repository === undefined ? registry : `${registry}/${repository}`;
  return [
    `${name}: ${RESULTS[result]}`,
    ...(from === undefined ? [] : [`credential  ${from}`]),
    ...(from === undefined ? sources.map((source) => `looked at   ${source}`) : []),
  ];
}
