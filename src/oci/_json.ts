import { CrossdockError } from "../errors.ts";
import { quote } from "./quote.ts";

/** A parsed JSON object with unchecked members. */
export type JsonObject = { readonly [member: string]: unknown };

/** Whether the value is a JSON object: not an array and not null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error for a manifest of the wrong shape. */
export function badShape(what: string, cause?: unknown): CrossdockError {
  return new CrossdockError("registry", `read manifest: ${what}`, { cause });
}

/** Describes a JSON value for a message, with a bounded length. */
export function showJson(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? quote(value) : String(value);
}

/** Decodes a manifest as UTF-8. Strict, because the digest covers the bytes: nothing may be replaced. */
export function decodeManifest(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw badShape("it is not valid UTF-8", cause);
  }
}

/** Parses the text of a manifest to a JSON object. */
export function parseJsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badShape(`it is not valid JSON, it starts with ${quote(text.slice(0, 40))}`, cause);
  }
  if (!isObject(value)) throw badShape(`expected an object, got ${showJson(value)}`);
  return value;
}

/** Reads a member that must be a string. */
export function requireString(object: JsonObject, member: string, where: string): string {
  const value = object[member];
  if (typeof value === "string" && value !== "") return value;
  throw badShape(`${where}${member}: expected a string, got ${showJson(value)}`);
}

/** Reads an optional string. null and "" count as absent, because Go programs write them. */
export function optionalString(
  object: JsonObject,
  member: string,
  where: string,
): string | undefined {
  const value = object[member];
  if (value === undefined || value === null || value === "") return undefined;
  return requireString(object, member, where);
}

/** Reads an optional array of strings. null counts as absent. */
export function optionalStrings(
  object: JsonObject,
  member: string,
  where: string,
): string[] | undefined {
  const value = object[member];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) {
    throw badShape(`${where}${member}: expected an array, got ${showJson(value)}`);
  }
  return value.map((item: unknown, index) => {
    if (typeof item === "string") return item;
    throw badShape(`${where}${member}[${index}]: expected a string, got ${showJson(item)}`);
  });
}

/** Reads an optional map of strings. null counts as absent. */
export function optionalStringMap(
  object: JsonObject,
  member: string,
  where: string,
): Record<string, string> | undefined {
  const value = object[member];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) {
    throw badShape(`${where}${member}: expected an object, got ${showJson(value)}`);
  }
  // An assignment to the key "__proto__" would set the prototype; fromEntries defines a member.
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (typeof item === "string") return [key, item];
      throw badShape(
        `${where}${member}[${quote(key)}]: expected a string, got ${showJson(item)}`,
      );
    }),
  );
}
