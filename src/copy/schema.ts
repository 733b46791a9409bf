import type * as z from "zod";

/** Says what a schema did not like, field by field, in one line: `descriptor.digest: not a digest; tag: not a tag`. */
export function formatIssues(error: z.ZodError): string {
  return error.issues
    .map((issue) =>
      issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message
    )
    .join("; ");
}
