/** What zod says of a value, in sentences and with places. */
import * as z from "zod";
import type { Mistakes, Path } from "./mistakes.ts";
import { PlainScalar } from "./read_yaml.ts";
import { suggest } from "./suggest.ts";
import { UNREAD_KEYS } from "./unread_keys.ts";
import type { UnreadKey } from "./unread_keys.ts";

/** The value, if it has the shape. Else every fault is a mistake, and what is left without them is given where that will do. */
export function checkShape<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  path: Path,
  mistakes: Mistakes,
): z.output<Schema> | undefined {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) {
    warnOfNumbers(value, result.data, path, mistakes);
    return result.data;
  }
  let rest = value;
  for (const issue of result.error.issues) {
    const place = [...path, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      const known = listKeys(schema, issue.path);
      for (const key of issue.keys) {
        mistakes.add([...place, key], sayUnknown("key", key, known), "key");
        rest = without(rest, [...issue.path, key]);
      }
    } else {
      mistakes.add(place, sayIssue(issue));
      rest = without(rest, issue.path);
    }
  }
  return schema.safeParse(rest).data;
}

/** Where text is wanted and a number stands that others would write anew, as regsync does: `1.10` becomes 1.1 there. */
function warnOfNumbers(value: unknown, read: unknown, path: Path, mistakes: Mistakes): void {
  if (value instanceof PlainScalar) {
    const { source, value: number } = value;
    if (typeof number !== "number" || typeof read !== "string" || String(number) === source) return;
    const isSecret = path[0] === "creds" || path[0] === "webhooks";
    const taken = isSecret
      ? "taken as it stands, where regsync makes another number of it"
      : `taken for ${source}, where regsync takes ${number}`;
    mistakes.warn(path, `${taken}; put it in quotes`);
  } else if (Array.isArray(value) && Array.isArray(read)) {
    value.forEach((item, i) => warnOfNumbers(item, read[i], [...path, i], mistakes));
  } else if (isGroup(value) && isGroup(read)) {
    for (const [key, member] of Object.entries(value)) {
      warnOfNumbers(member, read[key], [...path, key], mistakes);
    }
  }
}

/** The value without what stands at the path: so that one wrong key does not hide what else is wrong. */
function without(value: unknown, [key, ...rest]: Path): unknown {
  if (Array.isArray(value) && rest.length > 0) {
    return value.map((item, i) => i === key ? without(item, rest) : item);
  }
  if (key === undefined || !isGroup(value)) return value;
  const { [String(key)]: member, ...others } = value;
  return rest.length === 0 || member === undefined
    ? others
    : { ...others, [String(key)]: without(member, rest) };
}

/** Takes keys of regsync's that are not read here out of a group, each with a warning or as a mistake. */
export function takeUnreadKeys(
  part: keyof typeof UNREAD_KEYS,
  value: unknown,
  path: Path,
  mistakes: Mistakes,
): unknown {
  if (!isGroup(value)) return value;
  const known: Readonly<Record<string, UnreadKey>> = UNREAD_KEYS[part];
  return Object.fromEntries(
    Object.entries(value).filter(([key, member]) => {
      const unread = Object.hasOwn(known, key) ? known[key] : undefined;
      if (!unread) return true;
      if (isNothing(member)) return false;
      if (unread.then === "refuse") mistakes.add([...path, key], unread.why, "key");
      else mistakes.warn([...path, key], `not read: ${unread.why}`, "key");
      return false;
    }),
  );
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof PlainScalar);
}

/** What means the same as leaving the key out. */
function isNothing(value: unknown): boolean {
  if (value instanceof PlainScalar) return value.value === false || value.value === 0;
  return value === "" || typeof value === "object" && value !== null &&
      Object.keys(value).length === 0;
}

/** `there is no such key; did you mean source` */
export function sayUnknown(what: string, name: string, known: readonly string[]): string {
  const near = suggest(name, known);
  return `there is no such ${what}; ${
    near ? `did you mean ${near}` : `there are ${known.join(", ")}`
  }`;
}

function sayIssue(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "is missing"
        : `want ${WANTED[issue.expected] ?? issue.expected}, got ${kindOf(issue.input)}`;
    case "invalid_value":
      return issue.input === undefined ? "is missing" : `want ${oneOf(issue.values.map(String))}`;
    case "invalid_union": {
      const { options = [] } = issue as { options?: readonly unknown[] };
      return `want ${oneOf(options.map(String))}`;
    }
    case "too_small":
      return issue.origin === "array" ? "want one at least" : `want ${issue.minimum} at least`;
    case "too_big":
      return `want ${issue.maximum} at most`;
    default:
      return issue.message;
  }
}

const WANTED: Readonly<Record<string, string>> = {
  string: "text",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a group of keys",
  record: "a group of keys",
};

function kindOf(value: unknown): string {
  const plain = value instanceof PlainScalar ? value.value : value;
  if (Array.isArray(plain)) return "a list";
  switch (typeof plain) {
    case "string":
      return "text";
    case "number":
      return Number.isInteger(plain) ? "a whole number" : "a number";
    case "boolean":
      return `${plain}`;
    default:
      return "a group of keys";
  }
}

function oneOf(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** The keys that a group at the path may have. */
function listKeys(schema: z.core.$ZodType, path: Path): string[] {
  const { def } = schema as unknown as { def: AnyDefinition };
  const [key, ...rest] = path;
  switch (def.type) {
    case "optional":
      return listKeys(def.innerType, path);
    case "array":
      return listKeys(def.element, rest);
    case "record":
      return listKeys(def.valueType, rest);
    case "union":
      return [...new Set(def.options.flatMap((option) => listKeys(option, path)))];
    case "object": {
      if (key === undefined) return Object.keys(def.shape);
      const member = def.shape[String(key)];
      return member ? listKeys(member, rest) : [];
    }
    default:
      return [];
  }
}

/** The part of zod's definitions that groups of keys are made of. */
type AnyDefinition =
  | { type: "optional"; innerType: z.core.$ZodType }
  | { type: "array"; element: z.core.$ZodType }
  | { type: "record"; valueType: z.core.$ZodType }
  | { type: "union"; options: readonly z.core.$ZodType[] }
  | { type: "object"; shape: Readonly<Record<string, z.core.$ZodType>> }
  | { type: "other" };
