import type * as z from "zod";
import { formatIssues } from "../schema.ts";

/**
 * Parses JSON, checks it against a schema, and returns it as it came: fields that only a newer server knows stay in the value.
 *
 * @throws Error that names in a line each field that is wrong
 */
export function parseJson<Value>(text: string, schema: z.ZodType<Value>): Value {
  const value = JSON.parse(text);
  const issues = findMistakes(value, schema);
  if (issues.length > 0) throw new Error(formatIssues(issues));
  return value;
}

/** The fields of a value that are wrong. One that the schema does not have is not: a newer server may. */
export function findMistakes(value: unknown, schema: z.ZodType): z.core.$ZodIssue[] {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return issues.filter(({ code }) => code !== "unrecognized_keys");
}
