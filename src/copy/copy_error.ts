import { CrossdockError } from "../errors.ts";
import type { Step } from "./step.ts";

/** A copy that failed: why, on which side, and at which step. The destination's tag was not moved. */
export class CopyError extends CrossdockError {
  override readonly name = "CopyError";
  readonly step: Step;

  constructor(step: Step, cause: CrossdockError) {
    super(cause.code, cause.message, {
      cause,
      side: cause.side,
      hint: cause.hint,
      isTemporary: cause.isTemporary,
      retryAfterMs: cause.retryAfterMs,
    });
    this.step = step;
  }
}
