import type { Command } from "@commander-js/extra-typings";
import type { CliEnvironment, TextStream } from "../environment.ts";

/** What a command receives besides its arguments and options. */
export interface CommandContext {
  readonly environment: CliEnvironment;
  /** Aborted by Ctrl-C, with a `StoppedError`. */
  readonly signal: AbortSignal;
  /** Sets the exit code of a command that throws no error, such as `verify` after it found differences. */
  setExitCode(code: number): void;
  /**
   * Sets where `--json` writes the error of a command that fails: stdout by default. With `undefined` nowhere, because the result
   * that was written says that it failed.
   */
  setProblemStream(stream: TextStream | undefined): void;
  /** The program with all of its commands, which are otherwise loaded only on use. */
  loadProgram(): Promise<Command>;
}
