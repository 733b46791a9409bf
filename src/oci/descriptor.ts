import type { Digest } from "./digest.ts";
import { findDigestFault } from "./digest.ts";
import {
  badShape,
  isObject,
  optionalString,
  optionalStringMap,
  optionalStrings,
  requireString,
  showJson,
} from "./_json.ts";
import type { JsonObject } from "./_json.ts";
import type { Platform } from "./platform.ts";

/**
 * Names content: its type, its digest and its size in bytes.
 *
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#properties
 */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
  /** Where else the content can be had; foreign layers have these. */
  urls?: string[];
  annotations?: Record<string, string>;
  /** The content itself in base64. */
  data?: string;
  /** In an entry of an index: what the manifest runs on, spelt as the index spells it. */
  platform?: Platform;
  artifactType?: string;
}

/**
 * Reads a descriptor out of parsed JSON. Members that the spec does not name are left out.
 *
 * @param where the JSON path for messages, such as `layers[3]`
 * @throws {CrossdockError} code `registry`, naming the JSON path, such as `layers[3].digest`
 */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw badShape(`${where}: want a descriptor, got ${showJson(value)}`);
  const path = `${where}.`;
  const descriptor: Descriptor = {
    mediaType: requireString(value, "mediaType", path),
    digest: readDigest(value, path),
    size: readSize(value, path),
  };
  const urls = optionalStrings(value, "urls", path);
  if (urls !== undefined) descriptor.urls = urls;
  const annotations = optionalStringMap(value, "annotations", path);
  if (annotations !== undefined) descriptor.annotations = annotations;
  const data = optionalString(value, "data", path);
  if (data !== undefined) descriptor.data = data;
  const platform = readPlatform(value, path);
  if (platform !== undefined) descriptor.platform = platform;
  const artifactType = optionalString(value, "artifactType", path);
  if (artifactType !== undefined) descriptor.artifactType = artifactType;
  return descriptor;
}

function readDigest(value: JsonObject, path: string): Digest {
  const text = requireString(value, "digest", path);
  const fault = findDigestFault(text);
  if (fault !== undefined) throw badShape(`${path}digest: ${showJson(text)}: ${fault}`);
  return text as Digest;
}

function readSize(value: JsonObject, path: string): number {
  const size = value["size"];
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= 0) return size;
  throw badShape(`${path}size: want a whole number of bytes, got ${showJson(size)}`);
}

/** Lenient where the platform says nothing: artifacts in an index often carry an empty one. */
function readPlatform(value: JsonObject, path: string): Platform | undefined {
  const raw = value["platform"];
  if (raw === undefined || raw === null) return undefined;
  const where = `${path}platform.`;
  if (!isObject(raw)) throw badShape(`${path}platform: want an object, got ${showJson(raw)}`);
  const platform: Platform = {
    os: optionalString(raw, "os", where) ?? "",
    architecture: optionalString(raw, "architecture", where) ?? "",
  };
  const variant = optionalString(raw, "variant", where);
  if (variant !== undefined) platform.variant = variant;
  const osVersion = optionalString(raw, "os.version", where);
  if (osVersion !== undefined) platform["os.version"] = osVersion;
  const osFeatures = optionalStrings(raw, "os.features", where);
  if (osFeatures !== undefined) platform["os.features"] = osFeatures;
  return platform;
}
