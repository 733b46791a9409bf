import { CrossdockError } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";

/** The destination has another image, and was not to be overwritten. */
export function wouldOverwrite(
  destination: Reference,
  current: Digest,
  wanted: Digest,
): CrossdockError {
  const name = formatReference(destination);
  return new CrossdockError("conflict", `${name} is ${current} and would become ${wanted}`, {
    side: "destination",
    hint: "it was left as it is; use --if-exists overwrite to move it",
  });
}
