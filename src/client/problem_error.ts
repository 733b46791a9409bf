import { CopyError } from "../copy/copy_error.ts";
import { CrossdockError, MissingContentError } from "../errors.ts";
import type { Problem } from "../problem.ts";

/** Converts a problem back to the error that the server threw, so that callers handle it like a local one. */
export function toProblemError(problem: Problem): CrossdockError {
  const { code, detail, side, hint, retryAfterMs, step, missing, requestId } = problem;
  if (code === "internal") {
    return new CrossdockError("registry", `the server failed: ${detail}`, {
      hint: hint ?? (requestId ? `see the server's log for request ${requestId}` : undefined),
    });
  }
  const error = missing
    ? new MissingContentError(detail, missing, { side, hint })
    : new CrossdockError(code, detail, { side, hint, retryAfterMs });
  return step ? new CopyError(step, error) : error;
}
