/** Helpers for zod schemas. */
import type * as z from "zod";

/** A deeply readonly value. */
export type Immutable<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Immutable<Value[Key]> }
  : Value;

/** A schema of an immutable value. An interface, so that declaration files show its name instead of the expanded type. */
export interface ImmutableSchema<Schema extends z.ZodType>
  extends z.ZodType<Immutable<z.output<Schema>>, Immutable<z.input<Schema>>> {}

/**
 * Returns the same schema with an immutable output type. zod's `readonly()` would also freeze each parsed value and add
 * `readOnly` to the JSON schema.
 */
export function immutable<Schema extends z.ZodType>(schema: Schema): ImmutableSchema<Schema> {
  return schema as z.ZodType as ImmutableSchema<Schema>;
}

/** Parses JSON and checks it against a schema. Text that is not JSON fails as `undefined` would; no error quotes the text. */
export function safeParseJson<Value>(
  text: string,
  schema: z.ZodType<Value>,
): z.ZodSafeParseResult<Value> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The cause is dropped: V8 quotes the text around the mistake, which could be a secret.
  }
  return schema.safeParse(value);
}

/** Formats the issues of a schema in one line, field by field: `descriptor.digest: not a digest; tag: not a tag`. */
export function formatIssues(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map(({ path, message }) => path.length > 0 ? `${path.join(".")}: ${message}` : message)
    .join("; ");
}
