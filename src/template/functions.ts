/**
 * The functions of templates: the additions of regsync, and those of Go that work with text.
 * https://github.com/regclient/regclient/blob/v0.11.7/pkg/template/template.go, https://pkg.go.dev/text/template#hdr-Functions
 */
import { formatValue, sprintf } from "./format.ts";
import { GoTime } from "./go_time.ts";
import { TimeFunctions } from "./value.ts";
import type { Value } from "./value.ts";

/** The inputs of a template in addition to its data. */
export interface TemplateInputs {
  /** Variables for `env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch, for `time.Now`. */
  readonly now: number;
  /** Reads a file, for `file`; absent on hosts without files. Returns `undefined` for a file that cannot be read. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
  /** Called for each variable that is not set and each file that cannot be read. */
  readonly onMissing?: ((what: string) => void) | undefined;
}

interface TemplateFunction {
  /** The least and the largest number of arguments. */
  readonly arity: readonly [number, number];
  /** Throws a TypeError for arguments of the wrong kind. */
  readonly call: (args: readonly Value[], inputs: TemplateInputs) => Value;
}

const ANY = Number.POSITIVE_INFINITY;

/** By name. */
export const TEMPLATE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  env: { arity: [1, 1], call: ([name], inputs) => readVariable(text(name), inputs) },
  file: { arity: [1, 1], call: ([path], inputs) => readFile(text(path), inputs) },
  default: { arity: [2, 2], call: ([otherwise, value]) => isZero(value) ? otherwise : value },
  join: { arity: [2, 2], call: ([items, separator]) => list(items).join(text(separator)) },
  split: { arity: [2, 2], call: ([value, separator]) => text(value).split(text(separator)) },
  lower: { arity: [1, 1], call: ([value]) => text(value).toLowerCase() },
  upper: { arity: [1, 1], call: ([value]) => text(value).toUpperCase() },
  trimSpace: { arity: [1, 1], call: ([value]) => text(value).trim() },
  // Go's encoder ends with a line feed.
  json: { arity: [1, 1], call: ([value]) => `${toJson(value)}\n` },
  jsonPretty: { arity: [1, 1], call: ([value]) => `${toJson(value, 2)}\n` },
  // regsync has no special form for any value here.
  printPretty: { arity: [1, 1], call: ([value]) => `${toJson(value, 2)}\n` },
  time: { arity: [0, 0], call: (_, { now }) => new TimeFunctions(now) },
  index: { arity: [1, ANY], call: ([value, ...keys]) => keys.reduce(pick, value) },
  slice: { arity: [1, 3], call: ([value, from, to]) => cut(value, from, to) },
  len: { arity: [1, 1], call: ([value]) => (Array.isArray(value) ? value : text(value)).length },
  eq: {
    arity: [2, ANY],
    call: ([value, ...others]) => others.some((other) => isSame(value, other)),
  },
  ne: { arity: [2, 2], call: ([a, b]) => !isSame(a, b) },
  lt: { arity: [2, 2], call: ([a, b]) => compare(a, b) < 0 },
  le: { arity: [2, 2], call: ([a, b]) => compare(a, b) <= 0 },
  gt: { arity: [2, 2], call: ([a, b]) => compare(a, b) > 0 },
  ge: { arity: [2, 2], call: ([a, b]) => compare(a, b) >= 0 },
  and: { arity: [1, ANY], call: (args) => args.find((arg) => !isTrue(arg)) ?? args.at(-1) },
  or: { arity: [1, ANY], call: (args) => args.find(isTrue) ?? args.at(-1) },
  not: { arity: [1, 1], call: ([value]) => !isTrue(value) },
  print: { arity: [0, ANY], call: (args) => args.map(formatValue).join("") },
  println: { arity: [0, ANY], call: (args) => `${args.map(formatValue).join(" ")}\n` },
  printf: { arity: [1, ANY], call: ([format, ...args]) => sprintf(text(format), args) },
};

/** Whether `if` treats a value as true: not if it is empty, zero or missing. */
export function isTrue(value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : !isZero(value);
}

function isZero(value: Value): boolean {
  return value === undefined || value === "" || value === 0 || value === false;
}

function readVariable(name: string, { env, onMissing }: TemplateInputs): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined || value === "") onMissing?.(`variable ${name} is not set`);
  return value ?? "";
}

function readFile(path: string, { readFile, onMissing }: TemplateInputs): string {
  if (!readFile) throw new TypeError("this host has no files; use env");
  const content = readFile(path)?.trim();
  if (content === undefined) onMissing?.(`file ${path} cannot be read`);
  return content ?? "";
}

function text(value: Value): string {
  if (typeof value === "string") return value;
  throw new TypeError(`expected text, got ${kindOf(value)}`);
}

function list(value: Value): readonly string[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`expected a list, got ${kindOf(value)}`);
}

function whole(value: Value): number {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new TypeError(`expected a whole number, got ${kindOf(value)}`);
}

function pick(value: Value, key: Value): Value {
  const items = list(value);
  const i = whole(key);
  if (i >= 0 && i < items.length) return items[i];
  throw new TypeError(`expected an index below ${items.length}, got ${i}`);
}

function cut(value: Value, from: Value, to: Value): Value {
  const items = Array.isArray(value) ? value as readonly string[] : text(value);
  const start = from === undefined ? 0 : whole(from);
  const end = to === undefined ? items.length : whole(to);
  if (start >= 0 && start <= end && end <= items.length) return items.slice(start, end);
  throw new TypeError(`expected bounds from 0 to ${items.length}, got ${start} and ${end}`);
}

function isSame(left: Value, right: Value): boolean {
  const [a, b] = [numberOrValue(left), numberOrValue(right)];
  if (typeof a === typeof b && typeof a !== "object") return a === b;
  throw new TypeError(`cannot compare ${kindOf(left)} with ${kindOf(right)}`);
}

/** Negative if the first comes before the second. */
function compare(left: Value, right: Value): number {
  const [a, b] = [numberOrValue(left), numberOrValue(right)];
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a === b ? 0 : 1;
  throw new TypeError(`cannot compare ${kindOf(left)} with ${kindOf(right)}`);
}

/** Months and days of the week are numbers in Go. */
function numberOrValue(value: Value): Value {
  const isNamed = typeof value === "object" && !Array.isArray(value) && "number" in value;
  return isNamed ? value.number : value;
}

function toJson(value: Value, indent = 0): string {
  const isPlain = typeof value !== "object" || Array.isArray(value);
  if (isPlain) return JSON.stringify(value ?? null, null, indent);
  throw new TypeError(`expected text, a number or a list, got ${kindOf(value)}`);
}

function kindOf(value: Value): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (value instanceof GoTime) return "a time";
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
      return "a number";
    case "boolean":
      return "true or false";
    default:
      return "a group of fields";
  }
}
