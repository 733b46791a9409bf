/** What the zod schemas of all folders share. */
import type * as z from "zod";

/** A value that nobody may change, down to its last part. */
export type Immutable<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Immutable<Value[Key]> }
  : Value;

/** A schema of an immutable value. An interface, so that declarations name it in place of the whole value. */
export interface ImmutableSchema<Schema extends z.ZodType>
  extends z.ZodType<Immutable<z.output<Schema>>, Immutable<z.input<Schema>>> {}

/**
 * The same schema, with an immutable value as its type. zod's own `readonly()` freezes each value that it reads, and adds
 * `readOnly` to the JSON schema.
 */
export function immutable<Schema extends z.ZodType>(schema: Schema): ImmutableSchema<Schema> {
  return schema as z.ZodType as ImmutableSchema<Schema>;
}

/** Parses JSON and checks it against a schema. Text that is not JSON is a value of a wrong type, and no error quotes it. */
export function safeParseJson<Value>(
  text: string,
  schema: z.ZodType<Value>,
): z.ZodSafeParseResult<Value> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without its cause: V8 quotes the text around the mistake, and that may be a secret.
  }
  return schema.safeParse(value);
}

/** Formats the issues of a schema in one line, field by field: `descriptor.digest: not a digest; tag: not a tag`. */
export function formatIssues(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map(({ path, message }) => path.length > 0 ? `${path.join(".")}: ${message}` : message)
    .join("; ");
}
