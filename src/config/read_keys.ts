/** Reads parts of a configuration file by their schemas. Every mistake gets its place. */
import * as z from "zod";
import { quote } from "../oci/quote.ts";
import { safeParse } from "../schema.ts";
import { suggest } from "../suggest.ts";
import { isGroup } from "./config_node.ts";
import type { ConfigNode } from "./config_node.ts";
import type { Path } from "./mistakes.ts";
import { toNumber } from "./scalars.ts";
import type { UnreadKey } from "./unread_keys.ts";

/**
 * Reads a group key by key, so that a mistake in one of them hides no mistake in another. A key with a mistake is left out of
 * the result, even if it is required.
 *
 * @param unread keys that regsync knows and crossdock does not
 * @returns `undefined` if the value is not a group
 */
export function readKeys<Shape extends z.ZodRawShape>(
  { shape }: z.ZodObject<Shape>,
  node: ConfigNode,
  unread: Readonly<Record<string, UnreadKey>> = {},
): Partial<z.output<z.ZodObject<Shape>>> | undefined {
  const { value = {} } = node;
  if (!isGroup(value)) {
    node.addMistake(`expected a group of keys, got ${describe(node)}`);
    return undefined;
  }
  for (const [key, member] of node.entries()) {
    if (isUnknown(key, member.value, shape)) {
      checkOtherKey(key, member, Object.keys(shape), unread);
    }
  }
  const read: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const member = readValue(schema as z.ZodType, node.at(key));
    if (member !== undefined) read[key] = member;
  }
  return read as Partial<z.output<z.ZodObject<Shape>>>;
}

function checkOtherKey(
  key: string,
  node: ConfigNode,
  known: readonly string[],
  unread: Readonly<Record<string, UnreadKey>>,
): void {
  const found = Object.hasOwn(unread, key) ? unread[key] : undefined;
  if (!found) node.addMistake(describeUnknown("key", key, known), "key");
  else if (isOff(node.value)) return;
  else if (found.then === "refuse") node.addMistake(found.why, "key");
  else node.addWarning(`ignored: ${found.why}`, "key");
}

/** Whether a key means the same as its absence. */
function isOff(value: unknown): boolean {
  if (typeof value === "string") return /^(false|0|)$/i.test(value);
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

/** Whether a group has no such key. A key without a value counts as absent. Keys that begin with `x-` belong to the file's author. */
function isUnknown(key: string, value: unknown, shape: z.core.$ZodShape): boolean {
  return !Object.hasOwn(shape, key) && !key.startsWith("x-") && (value ?? undefined) !== undefined;
}

/**
 * Replaces null by `undefined`, and leaves out unknown keys that a group may have. The keys of a map (`annotations`, hosts,
 * repositories) are names, so all of them remain.
 */
function toInput(schema: z.core.$ZodType, value: unknown): unknown {
  if (value === null) return undefined;
  if (schema instanceof z.ZodOptional) return toInput(schema.unwrap(), value);
  if (Array.isArray(value)) {
    const element = schema instanceof z.ZodArray ? schema.element : undefined;
    return element ? value.map((item) => toInput(element, item)) : value;
  }
  if (!isGroup(value)) return value;
  if (schema instanceof z.ZodRecord) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, toInput(schema.valueType, member)]),
    );
  }
  if (!(schema instanceof z.ZodObject)) return value;
  const shape: z.core.$ZodShape = schema.shape;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => {
      const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
      if (known) return [[key, toInput(known, member)]];
      return isUnknown(key, member, shape) ? [[key, member]] : [];
    }),
  );
}

/** Reads a value, `undefined` if it has a mistake. */
export function readValue<Schema extends z.ZodType>(
  schema: Schema,
  node: ConfigNode,
): z.output<Schema> | undefined {
  const { data, error } = safeParse(schema, toInput(schema, node.value), { quotes: false });
  for (const issue of error?.issues ?? []) {
    const at = node.at(...issue.path);
    if (issue.code !== "unrecognized_keys") at.addMistake(describeIssue(issue, at));
    else {
      const known = listKeys(schema, issue.path);
      for (const key of issue.keys) {
        at.at(key).addMistake(describeUnknown("key", key, known), "key");
      }
    }
  }
  if (!error) warnOfNumbers(node, data);
  return data;
}

/** The keys of the group at a path. */
function listKeys(schema: z.core.$ZodType | undefined, path: Path): string[] {
  const [key, ...rest] = path;
  if (schema instanceof z.ZodOptional) return listKeys(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return listKeys(schema.element, rest);
  if (schema instanceof z.ZodRecord) return listKeys(schema.valueType, rest);
  if (!(schema instanceof z.ZodObject)) return [];
  return key === undefined ? Object.keys(schema.shape) : listKeys(schema.shape[String(key)], rest);
}

/** Warns of numbers without quotes where text is expected: regsync writes them anew, so that `1.10` becomes the tag 1.1. */
function warnOfNumbers(node: ConfigNode, read: unknown): void {
  if (typeof read === "object" && read !== null) {
    for (const key of Array.isArray(read) ? read.keys() : Object.keys(read)) {
      warnOfNumbers(node.at(key), Reflect.get(read, key));
    }
    return;
  }
  const number = toNumber(read);
  if (typeof read !== "string" || typeof number !== "number" || String(number) === read) return;
  if (!node.isPlain) return;
  const taken = node.isSecret
    ? "read as written, but regsync rewrites the number"
    : `read as ${read}, but regsync reads ${number}`;
  node.addWarning(`${taken}; put it in quotes`);
}

/** `there is no such key; did you mean source` */
export function describeUnknown(what: string, name: string, known: readonly string[]): string {
  const near = suggest(name, known);
  const hint = near === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${near}`;
  return `there is no such ${what}; ${hint}`;
}

function describeIssue(issue: z.core.$ZodIssue, node: ConfigNode): string {
  switch (issue.code) {
    case "invalid_type":
      return node.exists
        ? `expected ${EXPECTED[issue.expected] ?? issue.expected}, got ${describe(node)}`
        : "is missing";
    case "invalid_value":
      return node.exists
        ? `expected ${listWords(issue.values.map(String))}, got ${describe(node)}`
        : "is missing";
    case "too_small":
      return issue.origin === "array"
        ? "expected at least one, got an empty list"
        : `expected at least ${issue.minimum}, got ${describe(node)}`;
    case "too_big":
      return `expected at most ${issue.maximum}, got ${describe(node)}`;
    default:
      return issue.message;
  }
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "text",
  boolean: "true or false",
  number: "a number",
  int: "a whole number",
  array: "a list",
  object: "a group of keys",
  record: "a group of keys",
};

/** The text in quotes, unless it may be a secret; else the kind of the value. */
function describe({ value, isSecret }: ConfigNode): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value !== "string") return "a group of keys";
  return isSecret ? "other text" : quote(value);
}

function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
