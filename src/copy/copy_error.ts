import { CrossdockError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { Step } from "./step.ts";

/** A failed copy: the cause, its side and the failed step. The destination's tag was not moved, unless the step is for a receipt. */
export class CopyError extends CrossdockError {
  /** The name of the class. */
  override readonly name = "CopyError";
  /** The step that failed. */
  readonly step: Step;

  /** Takes code, message, side and hint from the cause. */
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

/** The error for a source reference that does not exist. */
export function imageNotFound(reference: Reference): CrossdockError {
  return new CrossdockError("not_found", `${formatReference(reference)} not found`, {
    side: "source",
    hint: 'check the name; some registries also answer "not found" if credentials are missing',
  });
}

/**
 * Checks the digest that a destination names against the digest that it will have.
 *
 * @throws CrossdockError `integrity` if they differ
 */
export function requireDigest(destination: Reference, digest: Digest): void {
  if (destination.digest === undefined || destination.digest === digest) return;
  throw new CrossdockError(
    "integrity",
    `copy to ${
      formatReference(destination)
    }: the copy would have digest ${digest}, and a copy keeps the digest of its source`,
    {
      field: "destination",
      hint: "leave the digest out of the destination; to require a digest, add it to the source",
    },
  );
}

/** The error of `ifExists: "fail"` for a destination that has another image. */
export function wouldOverwrite(
  destination: Reference,
  { current, wanted }: { readonly current: Digest; readonly wanted: Digest },
): CrossdockError {
  const name = formatReference(destination);
  return new CrossdockError(
    "conflict",
    `${name} already exists with digest ${current}, the copy has digest ${wanted}`,
    {
      side: "destination",
      hint: "the tag was not moved; use --if-exists overwrite to move it",
    },
  );
}
