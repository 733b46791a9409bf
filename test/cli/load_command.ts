import { Command } from "@commander-js/extra-typings";
import { COMMANDS } from "../../src/cli/commands/commands.ts";
import { fakeCli } from "./fake_cli.ts";

/** A command with its arguments and options, which does nothing. */
export async function loadCommand(name: string): Promise<Command> {
  const entry = COMMANDS.find((entry) => entry.name === name);
  if (!entry) throw new Error(`there is no command ${name}`);
  const command = new Command(name).exitOverride().configureOutput({ writeErr: () => {} });
  (await entry.load())(command, {
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
