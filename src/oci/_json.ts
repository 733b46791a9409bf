import { CrossdockError } from "../errors.ts";
import { quote } from "./quote.ts";

/** A JSON object whose members nobody has checked yet. */
export type JsonObject = { readonly [member: string]: unknown };

/** Whether it is a JSON object, and neither an array nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The error for JSON from a registry that has not the shape it should have. */
export function badShape(what: string, cause?: unknown): CrossdockError {
  return new CrossdockError("registry", `read manifest: ${what}`, { cause });
}

/** Names a JSON value in a message, bounded. */
export function showJson(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? quote(value) : String(value);
}

/** Decodes the bytes of a manifest to text, strictly: the digest is over bytes, so nothing is mended. */
export function decodeManifest(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw badShape("its bytes are not UTF-8", cause);
  }
}

/** Parses the text of a manifest to a JSON object. */
export function parseJsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw badShape(`it is not JSON, it begins with ${quote(text.slice(0, 40))}`, cause);
  }
  if (!isObject(value)) throw badShape(`want an object, got ${showJson(value)}`);
  return value;
}

/** A member that must be a string. */
export function requireString(object: JsonObject, member: string, where: string): string {
  const value = object[member];
  if (typeof value === "string" && value !== "") return value;
  throw badShape(`${where}${member}: want a string, got ${showJson(value)}`);
}

/** A member that may be absent; null and "" count as absent, because Go programs write them. */
export function optionalString(
  object: JsonObject,
  member: string,
  where: string,
): string | undefined {
  const value = object[member];
  if (value === undefined || value === null || value === "") return undefined;
  return requireString(object, member, where);
}

/** A member that may be absent or null, or an array of strings. */
export function optionalStrings(
  object: JsonObject,
  member: string,
  where: string,
): string[] | undefined {
  const value = object[member];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) {
    throw badShape(`${where}${member}: want an array, got ${showJson(value)}`);
  }
  return value.map((item: unknown, index) => {
    if (typeof item === "string") return item;
    throw badShape(`${where}${member}[${index}]: want a string, got ${showJson(item)}`);
  });
}

/** A member that may be absent or null, or a map of string to string. */
export function optionalStringMap(
  object: JsonObject,
  member: string,
  where: string,
): Record<string, string> | undefined {
  const value = object[member];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) {
    throw badShape(`${where}${member}: want an object, got ${showJson(value)}`);
  }
  // fromEntries defines members where assignment would set the prototype for the key "__proto__".
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (typeof item === "string") return [key, item];
      throw badShape(
        `${where}${member}[${quote(key)}]: want a string, got ${showJson(item)}`,
      );
    }),
  );
}
