import type * as z from "zod";
import { formatIssues } from "../schema.ts";

/**
 * Parses JSON, checks it against a schema, and returns it as it came. A field that only a newer server knows is no mistake and
 * stays in the value.
 *
 * @throws Error that names in a line each field that is wrong
 */
export function parseJson<Value>(text: string, schema: z.ZodType<Value>): Value {
  const value = JSON.parse(text);
  const issues = schema.safeParse(value).error?.issues ?? [];
  const mistakes = issues.filter(({ code }) => code !== "unrecognized_keys");
  if (mistakes.length > 0) throw new Error(formatIssues(mistakes));
  return value;
}
