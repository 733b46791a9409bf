import type * as z from "zod";
import { formatIssues } from "../copy/schema.ts";

/**
 * Reads JSON as what the schema says.
 *
 * @throws Error that says in a line why it is not that
 */
export function parseJson<Value>(text: string, schema: z.ZodType<Value>): Value {
  const result = schema.safeParse(JSON.parse(text));
  if (result.success) return result.data;
  throw new Error(formatIssues(result.error));
}
