import type { CliEnvironment } from "../environment.ts";

/** What a command is given besides its arguments. */
export interface CommandContext {
  readonly environment: CliEnvironment;
  /** Aborted by Ctrl-C, with a `StoppedError`. */
  readonly signal: AbortSignal;
  /** For a command that ended well and has bad news, such as `verify`. */
  setExitCode(code: number): void;
}
