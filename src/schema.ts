/** Helpers for zod schemas. */
import type * as z from "zod";

/** A deeply readonly value. */
type Immutable<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Immutable<Value[Key]> }
  : Value;

/** A value with all of its optional members. */
type Complete<Value> = Value extends object
  ? { readonly [Key in keyof Value]-?: Complete<Value[Key]> }
  : Value;

/** `unknown` if two types have the same members, optional ones too. Otherwise a text, which shows up in the compiler's error. */
type Same<A, B> = [A, B, Complete<A>, Complete<B>] extends [B, A, Complete<B>, Complete<A>]
  ? unknown
  : "the type and the schema differ";

/** Accepts a schema whose output is `Value`. */
type DeclareSchema<Value> = <Schema extends z.ZodType>(
  schema: Schema & Same<Immutable<z.output<Schema>>, Value>,
) => z.ZodType<Value, Value>;

/**
 * Returns a schema as the schema of a type that is written out: `schemaFor<Plan>()(z.object({ … }))`. Does not compile if a member
 * is in only one of them. The public API has types with names and comments, which cannot be inferred from a schema.
 */
export function schemaFor<Value>(): DeclareSchema<Value> {
  return (schema) => schema as z.ZodType as z.ZodType<Value, Value>;
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
