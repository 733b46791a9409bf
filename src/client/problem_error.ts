import { CopyError } from "../copy/copy_error.ts";
import { CrossdockError } from "../errors.ts";
import type { Problem } from "../problem.ts";

/** The error that a problem was made of, so that it is told and counted as if it had happened here. */
export function toProblemError(problem: Problem): CrossdockError {
  const { code, detail, side, hint, retryAfterMs, step, requestId } = problem;
  if (code === "internal") {
    return new CrossdockError("registry", `the server failed: ${detail}`, {
      hint: hint ?? (requestId ? `its log tells more about request ${requestId}` : undefined),
    });
  }
  const error = new CrossdockError(code, detail, { side, hint, retryAfterMs });
  return step ? new CopyError(step, error) : error;
}
