import { CrossdockError } from "../errors.ts";
import type { StopSignal } from "./output/exit_codes.ts";

/** The user, or whoever looks after the process, has stopped it. */
export class StoppedError extends CrossdockError {
  override readonly name = "StoppedError";
  readonly signalName: StopSignal;

  constructor(signalName: StopSignal, message = "stopped") {
    super("aborted", message);
    this.signalName = signalName;
  }
}
