import { CrossdockError } from "../errors.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";

/** The source has no manifest under a name. */
export function imageNotFound(reference: Reference): CrossdockError {
  return new CrossdockError("not_found", `${formatReference(reference)} is not there`, {
    side: "source",
    hint: "check the name; some registries say the same when a credential is missing",
  });
}
