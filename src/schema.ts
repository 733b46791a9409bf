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

export interface SafeParseOptions {
  /** Whether messages quote the values. Off for values that may be secrets. Default: true. */
  readonly quotes?: boolean;
}

/** As the method of the schema, with messages in the words of this project. Everything is parsed by this function. */
export function safeParse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  { quotes = true }: SafeParseOptions = {},
): z.ZodSafeParseResult<z.output<Schema>> {
  const error = (issue: z.core.$ZodRawIssue): string => describeIssue(issue, quotes);
  return schema.safeParse(value, { error });
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
  return safeParse(schema, value, { quotes: false });
}

/** Formats the issues of a schema in one line, field by field: `descriptor.digest: not a digest; tag: not a tag`. */
export function formatIssues(issues: readonly z.core.$ZodIssue[]): string {
  return issues
    .map(({ path, message }) => path.length > 0 ? `${path.join(".")}: ${message}` : message)
    .join("; ");
}

/** `expected a string, got 3`. Schemas have messages of their own where this says too little. */
function describeIssue(issue: z.core.$ZodRawIssue, quotes: boolean): string {
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.map((key) => cut(JSON.stringify(key))).join(", ");
    return `unknown ${issue.keys.length === 1 ? "member" : "members"} ${cut(names)}`;
  }
  if (issue.code === "invalid_key" || issue.code === "invalid_element") {
    return `${issue.code === "invalid_key" ? "name" : "value"}: ${
      issue.issues.map(({ message }) => message).join(", ")
    }`;
  }
  const inner = findInner(issue);
  if (inner) return formatIssues([inner]);
  const expected = describeExpected(issue);
  const found = findInput(issue);
  if (found === undefined) return `is missing, expected ${expected}`;
  return `expected ${expected}, got ${describeFound(found, issue.code, quotes)}`;
}

const TYPES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "an integer",
  boolean: "true or false",
  null: "null",
  array: "an array",
  object: "an object",
  record: "an object",
};

const FORMATS: Readonly<Record<string, string>> = {
  url: "a URL",
  email: "an email address",
  regex: "another form",
};

const UNITS: Readonly<Record<string, string>> = {
  string: "characters",
  array: "elements",
  object: "members",
  record: "members",
};

function describeExpected(issue: z.core.$ZodRawIssue | z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? issue.expected;
    case "invalid_value":
      return listWords(issue.values.map((value) => JSON.stringify(value) ?? String(value)));
    case "too_small":
      return `${issue.inclusive === false ? "more than" : "at least"} ${
        count(issue.minimum, issue.origin)
      }`;
    case "too_big":
      return `${issue.inclusive === false ? "less than" : "at most"} ${
        count(issue.maximum, issue.origin)
      }`;
    case "invalid_format":
      return FORMATS[issue.format] ?? `the format ${issue.format}`;
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_union": {
      const { options = [], errors } = issue as UnionIssue;
      return options.length > 0
        ? listWords(options.map((option) => JSON.stringify(option)))
        : listWords([...new Set(errors.flat().map(describeExpected))]);
    }
    default:
      return "another value";
  }
}

interface UnionIssue {
  /** The values of the member that selects the form, if there is one. */
  readonly options?: readonly unknown[];
  /** The issues of each form. */
  readonly errors: readonly (readonly z.core.$ZodIssue[])[];
}

/** The mistake of a value that has the type of one of the possible forms. */
function findInner(issue: z.core.$ZodRawIssue): z.core.$ZodIssue | undefined {
  if (issue.code !== "invalid_union") return undefined;
  const { errors } = issue as UnionIssue;
  return errors.flat().find(({ code, path }) => code !== "invalid_type" || path.length > 0);
}

function count(limit: number | bigint, origin: string): string {
  const unit = UNITS[origin];
  if (unit === undefined) return `${limit}`;
  return `${limit} ${Number(limit) === 1 ? unit.slice(0, -1) : unit}`;
}

/** The path of a discriminated union's issue leads to the member that selects the form, but its input is the whole object. */
function findInput({ code, input, discriminator }: z.core.$ZodRawIssue): unknown {
  if (code !== "invalid_union" || typeof discriminator !== "string") return input;
  return typeof input === "object" && input !== null ? Reflect.get(input, discriminator) : input;
}

function describeFound(input: unknown, code: string | undefined, quotes: boolean): string {
  if (input === null) return "null";
  const isSize = code === "too_small" || code === "too_big";
  if (Array.isArray(input)) return isSize ? `${input.length}` : "an array";
  if (typeof input === "string") {
    if (isSize) return `${input.length}`;
    if (quotes) return cut(JSON.stringify(input));
    return code === "invalid_type" ? "a string" : "another string";
  }
  if (typeof input === "object") return isSize ? `${Object.keys(input).length}` : "an object";
  return quotes || isSize ? cut(String(input)) : `a ${typeof input}`;
}

/** A value in a message. A longer one helps nobody. */
const MAX_QUOTE_LENGTH = 80;

function cut(text: string): string {
  return text.length > MAX_QUOTE_LENGTH ? `${text.slice(0, MAX_QUOTE_LENGTH)}…` : text;
}

function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
