import { CrossdockError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
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

/** The source has no manifest under a name. */
export function imageNotFound(reference: Reference): CrossdockError {
  return new CrossdockError("not_found", `${formatReference(reference)} is not there`, {
    side: "source",
    hint: "check the name; some registries say the same when a credential is missing",
  });
}

/** The destination has another image, and was not to be overwritten. */
export function wouldOverwrite(
  destination: Reference,
  { current, wanted }: { readonly current: Digest; readonly wanted: Digest },
): CrossdockError {
  const name = formatReference(destination);
  return new CrossdockError("conflict", `${name} is ${current} and would become ${wanted}`, {
    side: "destination",
    hint: "it was left as it is; use --if-exists overwrite to move it",
  });
}
