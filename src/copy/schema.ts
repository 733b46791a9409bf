import * as z from "zod";
import type { Digest } from "../oci/digest.ts";

/** Says what a schema did not like, field by field, in one line: `descriptor.digest: not a digest; tag: not a tag`. */
export function formatIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) =>
      issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message
    )
    .join("; ");
}

/** A digest, as `isDigest` takes it, so that whoever reads the schema sees what it looks like. */
export const digestSchema = z.string().regex(
  /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/,
  "not a digest",
) as z.ZodType<string, string> as z.ZodType<Digest, string>;
