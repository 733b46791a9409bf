import * as z from "zod";
import { schemaFor } from "../schema.ts";
import type { Digest } from "./digest.ts";
import { digestSchema, findDigestFault } from "./digest.ts";
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
import { platformSchema } from "./platform.ts";
import type { Platform } from "./platform.ts";

/** The media type, digest and size in bytes of content. */
export interface Descriptor {
  /** The media type of the content. */
  readonly mediaType: string;
  /** The digest of the content. */
  readonly digest: Digest;
  /** Size in bytes. */
  readonly size: number;
  /** The type of an artifact, if the content is its manifest. */
  readonly artifactType?: string;
  /** Annotations of the content. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Locations of a foreign layer. */
  readonly urls?: readonly string[];
  /** Embedded content, base64. */
  readonly data?: string;
  /** The platform of an index entry. */
  readonly platform?: Platform;
}

/** https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#properties */
export const descriptorSchema = schemaFor<Descriptor>()(
  z.object({
    mediaType: z.string(),
    digest: digestSchema,
    size: z.int().nonnegative().meta({ description: "size in bytes" }),
    artifactType: z.string().exactOptional(),
    annotations: z.record(z.string(), z.string()).exactOptional(),
    urls: z.array(z.string()).exactOptional().meta({ description: "locations of a foreign layer" }),
    data: z.string().exactOptional().meta({ description: "embedded content, base64" }),
    platform: platformSchema.exactOptional(),
  }).meta({ id: "Descriptor", description: "The media type, digest and size of content" }),
);

/**
 * Reads a descriptor from parsed JSON. Members that the spec does not define are dropped.
 *
 * @param where JSON path for messages, such as `layers[3]`
 * @throws {CrossdockError} code `registry`, naming the JSON path, such as `layers[3].digest`
 */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw badShape(`${where}: expected a descriptor, got ${showJson(value)}`);
  const path = `${where}.`;
  const urls = optionalStrings(value, "urls", path);
  const annotations = optionalStringMap(value, "annotations", path);
  const data = optionalString(value, "data", path);
  const platform = readPlatform(value, path);
  const artifactType = optionalString(value, "artifactType", path);
  return {
    mediaType: requireString(value, "mediaType", path),
    digest: readDigest(value, path),
    size: readSize(value, path),
    ...(urls ? { urls } : {}),
    ...(annotations ? { annotations } : {}),
    ...(data ? { data } : {}),
    ...(platform ? { platform } : {}),
    ...(artifactType ? { artifactType } : {}),
  };
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
  throw badShape(`${path}size: expected a whole number of bytes, got ${showJson(size)}`);
}

/** Accepts a platform without `os` and `architecture`: artifacts in an index often have an empty platform. */
function readPlatform(value: JsonObject, path: string): Platform | undefined {
  const raw = value["platform"];
  if (raw === undefined || raw === null) return undefined;
  const where = `${path}platform.`;
  if (!isObject(raw)) throw badShape(`${path}platform: expected an object, got ${showJson(raw)}`);
  const variant = optionalString(raw, "variant", where);
  const osVersion = optionalString(raw, "os.version", where);
  const osFeatures = optionalStrings(raw, "os.features", where);
  return {
    os: optionalString(raw, "os", where) ?? "",
    architecture: optionalString(raw, "architecture", where) ?? "",
    ...(variant ? { variant } : {}),
    ...(osVersion ? { "os.version": osVersion } : {}),
    ...(osFeatures ? { "os.features": osFeatures } : {}),
  };
}
