import { CrossdockError } from "../errors.ts";
import type { StopSignal } from "./output/exit_codes.ts";

/** A signal has stopped the program: Ctrl-C, or SIGTERM from a process manager. */
export class StoppedError extends CrossdockError {
  override readonly name = "StoppedError";
  readonly signalName: StopSignal;

  constructor(signalName: StopSignal, message = "stopped") {
    super("aborted", message);
    this.signalName = signalName;
  }
}
