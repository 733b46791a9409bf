import type * as z from "zod";
import { formatIssues, safeParse } from "../schema.ts";

/**
 * Parses JSON, checks it against a schema and returns it unchanged: fields of a newer server stay in the value.
 *
 * @throws Error naming every invalid field in one line
 */
export function parseJson<Value>(text: string, schema: z.ZodType<Value>): Value {
  const value = JSON.parse(text);
  const issues = findMistakes(value, schema);
  if (issues.length > 0) throw new Error(formatIssues(issues));
  return value;
}

/** Finds the invalid fields of a value. Unknown fields are valid: a newer server can send them. */
export function findMistakes(value: unknown, schema: z.ZodType): z.core.$ZodIssue[] {
  const issues = safeParse(schema, value).error?.issues ?? [];
  return issues.filter(({ code }) => code !== "unrecognized_keys");
}
