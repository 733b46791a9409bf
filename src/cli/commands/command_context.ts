import type { CliEnvironment } from "../environment.ts";

/** What a command receives besides its arguments and options. */
export interface CommandContext {
  readonly environment: CliEnvironment;
  /** Aborted by Ctrl-C, with a `StoppedError`. */
  readonly signal: AbortSignal;
  /** Sets the exit code of a command that throws no error, such as `verify` after it found differences. */
  setExitCode(code: number): void;
}
