import { Command } from "@commander-js/extra-typings";
import { COMMANDS } from "../../src/cli/commands/commands.ts";
import type { CommandEntry } from "../../src/cli/commands/commands.ts";
import { fakeCli } from "./fake_cli.ts";

/** A command with its arguments and options, which does nothing. */
export async function loadCommand(name: string): Promise<Command> {
  const { load } = COMMANDS.find((entry) => entry.name === name) as CommandEntry;
  const command = new Command(name).exitOverride().configureOutput({ writeErr: () => {} });
  (await load())(command, {
    environment: fakeCli().environment,
    signal: new AbortController().signal,
    setExitCode: () => {},
    setProblemStream: () => {},
    loadProgram: () => Promise.reject(new Error("not used")),
  });
  return command.action(() => {});
}

/** The flags of a command, and of every command. */
export async function flagsOf(name: string): Promise<Set<string>> {
  const { options } = await loadCommand(name);
  return new Set(["--help", "--debug", ...options.map(({ long }) => long ?? "")]);
}
