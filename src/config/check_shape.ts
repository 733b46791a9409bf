/** What zod says of a value, in sentences and with places. */
import * as z from "zod";
import type { Mistakes, Path } from "./mistakes.ts";
import { PlainScalar } from "./read_yaml.ts";
import { suggest } from "../suggest.ts";
import { UNREAD_KEYS } from "./unread_keys.ts";
import type { UnreadKey } from "./unread_keys.ts";

/**
 * The value, if it has the shape. Else every fault is a mistake, and what is left without them is given: keys that may be left
 * out are, and what has to be there is empty.
 */
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
        rest = replace(rest, [...issue.path, key], undefined);
      }
    } else {
      mistakes.add(place, sayIssue(issue));
      if (issue.path.length === 0) return undefined;
      // Without what says its kind, nothing can be said of a group.
      const wrong = "discriminator" in issue ? issue.path.slice(0, -1) : issue.path;
      rest = replace(rest, wrong, mayBeLeftOut(schema, wrong) ? undefined : emptyAt(schema, wrong));
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

/** The value with another one at the path, or none: so that one wrong key or element does not hide what else is wrong. */
function replace(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) {
    return value.map((item, i) => i === key ? replace(item, rest, by) : item);
  }
  if (!isGroup(value)) return value;
  const name = String(key);
  const { [name]: member, ...others } = value;
  const replaced = replace(member, rest, by);
  return replaced === undefined ? others : { ...others, [name]: replaced };
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
  return findAll(schema, path).flatMap((found) => {
    const def = definitionOf(found);
    return def.type === "object" ? Object.keys(def.shape) : [];
  }).filter((key, i, all) => all.indexOf(key) === i);
}

/** Whether a group is one without the key that the path leads to. */
function mayBeLeftOut(schema: z.core.$ZodType, path: Path): boolean {
  return findAll(schema, path.slice(0, -1)).some((parent) => {
    const def = definitionOf(parent);
    if (def.type === "record") return true;
    const member = def.type === "object" ? def.shape[String(path.at(-1))] : undefined;
    return member !== undefined && ["optional", "default"].includes(definitionOf(member).type);
  });
}

/** The least that may stand at the path, or nothing. */
function emptyAt(schema: z.core.$ZodType, path: Path): unknown {
  const [found] = findAll(schema, path);
  return found && emptyOf(found);
}

function emptyOf(schema: z.core.$ZodType): unknown {
  const def = definitionOf(schema);
  switch (def.type) {
    case "pipe":
      return emptyOf(def.out);
    case "string":
      return "";
    case "enum":
      return Object.values(def.entries)[0];
    case "array":
      return [emptyOf(def.element)];
    case "object":
      return Object.fromEntries(
        Object.entries(def.shape).map(([key, member]) => [key, emptyOf(member)]),
      );
    case "record":
      return {};
    default:
      return undefined;
  }
}

/** The schemas of what stands at the path, one for each kind that it may be of. */
function findAll(schema: z.core.$ZodType, path: Path): z.core.$ZodType[] {
  const def = definitionOf(schema);
  const [key, ...rest] = path;
  switch (def.type) {
    case "optional":
    case "default":
      return findAll(def.innerType, path);
    case "union":
      return def.options.flatMap((option) => findAll(option, path));
  }
  if (key === undefined) return [schema];
  switch (def.type) {
    case "array":
      return findAll(def.element, rest);
    case "record":
      return findAll(def.valueType, rest);
    case "object": {
      const member = def.shape[String(key)];
      return member ? findAll(member, rest) : [];
    }
    default:
      return [];
  }
}

function definitionOf(schema: z.core.$ZodType): AnyDefinition {
  return (schema as unknown as { def: AnyDefinition }).def;
}

/** The part of zod's definitions that configurations are made of. */
type AnyDefinition =
  | { type: "optional" | "default"; innerType: z.core.$ZodType }
  | { type: "array"; element: z.core.$ZodType }
  | { type: "record"; valueType: z.core.$ZodType }
  | { type: "union"; options: readonly z.core.$ZodType[] }
  | { type: "object"; shape: Readonly<Record<string, z.core.$ZodType>> }
  | { type: "pipe"; out: z.core.$ZodType }
  | { type: "enum"; entries: Readonly<Record<string, string>> }
  | { type: "string" }
  | { type: "other" };
