/**
 * The functions of templates: those that regsync adds to Go's, and Go's own that make sense of text.
 * https://github.com/regclient/regclient/blob/v0.11.7/pkg/template/template.go, https://pkg.go.dev/text/template#hdr-Functions
 */
import { formatValue, sprintf } from "./format.ts";
import { GoTime } from "./go_time.ts";
import { TimeFunctions } from "./value.ts";
import type { Value } from "./value.ts";

/** What is outside of a template. */
export interface Surroundings {
  /** Variables for `env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch, for `time.Now`. */
  readonly now: number;
  /** The content of a file, for `file`; absent where there are none. `undefined` for one that cannot be read. */
  readonly readFile?: ((path: string) => string | undefined) | undefined;
  /** Told of each variable that was asked for and is not set, and of each file that cannot be read. */
  readonly onMissing?: ((what: string) => void) | undefined;
}

interface TemplateFunction {
  /** Least and most arguments. */
  readonly arity: readonly [number, number];
  /** Throws a TypeError for arguments of the wrong kind. */
  readonly call: (args: readonly Value[], surroundings: Surroundings) => Value;
}

const ANY = Number.POSITIVE_INFINITY;

/** By their names. */
export const TEMPLATE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  env: { arity: [1, 1], call: ([name], surroundings) => readVariable(text(name), surroundings) },
  file: { arity: [1, 1], call: ([path], surroundings) => readFile(text(path), surroundings) },
  default: { arity: [2, 2], call: ([otherwise, value]) => isZero(value) ? otherwise : value },
  join: { arity: [2, 2], call: ([items, separator]) => list(items).join(text(separator)) },
  split: { arity: [2, 2], call: ([value, separator]) => text(value).split(text(separator)) },
  lower: { arity: [1, 1], call: ([value]) => text(value).toLowerCase() },
  upper: { arity: [1, 1], call: ([value]) => text(value).toUpperCase() },
  trimSpace: { arity: [1, 1], call: ([value]) => text(value).trim() },
  // With the line feed that Go's encoder ends it with.
  json: { arity: [1, 1], call: ([value]) => `${toJson(value)}\n` },
  jsonPretty: { arity: [1, 1], call: ([value]) => `${toJson(value, 2)}\n` },
  // None of the values here has a form of its own for it in regsync.
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

/** Whether `if` takes a value for true: none that is empty, zero or missing. */
export function isTrue(value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : !isZero(value);
}

function isZero(value: Value): boolean {
  return value === undefined || value === "" || value === 0 || value === false;
}

function readVariable(name: string, { env, onMissing }: Surroundings): string {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value === undefined || value === "") onMissing?.(`variable ${name} is not set`);
  return value ?? "";
}

function readFile(path: string, { readFile, onMissing }: Surroundings): string {
  if (!readFile) throw new TypeError("has no files to read here; use env");
  const content = readFile(path)?.trim();
  if (content === undefined) onMissing?.(`file ${path} cannot be read`);
  return content ?? "";
}

function text(value: Value): string {
  if (typeof value === "string") return value;
  throw new TypeError(`wants text, got ${kindOf(value)}`);
}

function list(value: Value): readonly string[] {
  if (Array.isArray(value)) return value;
  throw new TypeError(`wants a list, got ${kindOf(value)}`);
}

function whole(value: Value): number {
  if (typeof value === "number" && Number.isInteger(value)) return value;
  throw new TypeError(`wants a whole number, got ${kindOf(value)}`);
}

function pick(value: Value, key: Value): Value {
  const items = list(value);
  const i = whole(key);
  if (i >= 0 && i < items.length) return items[i];
  throw new TypeError(`wants an index below ${items.length}, got ${i}`);
}

function cut(value: Value, from: Value, to: Value): Value {
  const items = Array.isArray(value) ? value as readonly string[] : text(value);
  const start = from === undefined ? 0 : whole(from);
  const end = to === undefined ? items.length : whole(to);
  if (start >= 0 && start <= end && end <= items.length) return items.slice(start, end);
  throw new TypeError(`wants bounds within 0 and ${items.length}, got ${start} and ${end}`);
}

function isSame(left: Value, right: Value): boolean {
  const [a, b] = [numberOrValue(left), numberOrValue(right)];
  if (typeof a === typeof b && typeof a !== "object") return a === b;
  throw new TypeError(`cannot compare ${kindOf(left)} with ${kindOf(right)}`);
}

/** Below 0 where the first comes before the second. */
function compare(left: Value, right: Value): number {
  const [a, b] = [numberOrValue(left), numberOrValue(right)];
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return a < b ? -1 : a === b ? 0 : 1;
  throw new TypeError(`cannot compare ${kindOf(left)} with ${kindOf(right)}`);
}

/** A month and a day of the week are numbers in Go. */
function numberOrValue(value: Value): Value {
  const isNamed = typeof value === "object" && !Array.isArray(value) && "number" in value;
  return isNamed ? value.number : value;
}

function toJson(value: Value, indent = 0): string {
  const isPlain = typeof value !== "object" || Array.isArray(value);
  if (isPlain) return JSON.stringify(value ?? null, null, indent);
  throw new TypeError(`wants text, a number or a list, got ${kindOf(value)}`);
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
