/** Parses manifests and lists their blobs and children. The bytes themselves are copied unchanged. */

import { CrossdockError } from "../errors.ts";
import {
  badShape,
  decodeManifest,
  isObject,
  optionalString,
  optionalStringMap,
  parseJsonObject,
  requireString,
  showJson,
} from "./_json.ts";
import type { JsonObject } from "./_json.ts";
import { quote } from "./quote.ts";
import type { Descriptor } from "./descriptor.ts";
import { parseDescriptor } from "./descriptor.ts";
import {
  isBlobEntry,
  isGenericMediaType,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from "./media_types.ts";

export { DIGEST_TAG_SUFFIXES, digestTag, parseDigestTag, referrersTag } from "./digest_tag.ts";
export { rebuildIndex } from "./rebuild_index.ts";

/**
 * 4 MiB. The distribution spec requires registries to accept manifests of this size, and most accept no larger ones. It also
 * bounds the memory for one manifest.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Depth of nested indexes. Real ones nest once or twice; a hostile chain costs one request per level. */
export const MAX_INDEX_DEPTH = 8;

/** Entries of one index. The largest real ones have hundreds; 4 MiB have room for 40,000, and each costs a request. */
export const MAX_INDEX_WIDTH = 10_000;

/** An image, or an artifact with an image manifest. */
export interface ImageManifest extends ManifestCommon {
  readonly kind: "image";
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** An OCI index or a Docker manifest list. */
interface IndexManifest extends ManifestCommon {
  readonly kind: "index";
  readonly manifests: readonly Descriptor[];
}

/** An OCI artifact manifest, from the release candidates of image-spec 1.1. */
interface ArtifactManifest extends ManifestCommon {
  readonly kind: "artifact";
  readonly blobs: readonly Descriptor[];
}

/** A manifest that can be copied. */
export type Manifest = ImageManifest | IndexManifest | ArtifactManifest;

interface ManifestCommon {
  /** The media type to push the manifest with. */
  readonly mediaType: string;
  /** The manifest that this one refers to. */
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Members that only one kind may have. Clients would read a manifest with members of two kinds differently. */
const KIND_MEMBERS = { image: ["config", "layers"], index: ["manifests"] } as const;

/**
 * Parses a manifest.
 *
 * @param mediaType the Content-Type of the response, without parameters. For a generic type or "", the `mediaType` member
 * decides, then the members of the manifest
 * @throws {CrossdockError} code `limit` above a limit, `unsupported` for schema 1 and unknown types, `integrity` if Content-Type
 * and `mediaType` differ, `registry` for any other wrong shape
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): Manifest {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new CrossdockError(
      "limit",
      `read manifest: it has ${bytes.byteLength} bytes, expected at most ${MAX_MANIFEST_BYTES}`,
    );
  }
  const json = parseJsonObject(decodeManifest(bytes));
  const type = resolveMediaType(json, mediaType);
  const kind = isIndexMediaType(type) ? "index" : type === OCI_ARTIFACT ? "artifact" : "image";
  rejectOtherKinds(json, kind);
  const common = readCommon(json, type);
  switch (kind) {
    case "image":
      return {
        kind,
        ...common,
        config: parseDescriptor(json["config"], "config"),
        layers: readDescriptors(json, "layers"),
      };
    case "index":
      return { kind, ...common, manifests: readDescriptors(json, "manifests", MAX_INDEX_WIDTH) };
    case "artifact": {
      // The spec requires artifactType here, makes blobs optional, and has no schemaVersion.
      const blobs = json["blobs"] === undefined ? [] : readDescriptors(json, "blobs");
      return { kind, ...common, artifactType: requireString(json, "artifactType", ""), blobs };
    }
  }
}

/** Config and layers of an image, or blobs of an artifact or index: each digest once, in order. */
export function manifestBlobs(manifest: Manifest): Descriptor[] {
  switch (manifest.kind) {
    case "image":
      return dedupe([manifest.config, ...manifest.layers]);
    case "index":
      return dedupe(manifest.manifests.filter(isBlobEntry));
    case "artifact":
      return dedupe(manifest.blobs);
  }
}

/** The manifests of an index, each digest once, in order. Empty for other manifests. Does not include the subject. */
export function manifestChildren(manifest: Manifest): Descriptor[] {
  return manifest.kind === "index"
    ? dedupe(manifest.manifests.filter((entry) => !isBlobEntry(entry)))
    : [];
}

function dedupe(descriptors: readonly Descriptor[]): Descriptor[] {
  const seen = new Map<string, Descriptor>();
  for (const descriptor of descriptors) {
    if (!seen.has(descriptor.digest)) seen.set(descriptor.digest, descriptor);
  }
  return [...seen.values()];
}

function resolveMediaType(json: JsonObject, contentType: string): string {
  const declared = optionalString(json, "mediaType", "");
  const received = isGenericMediaType(contentType) ? undefined : contentType;
  const version = json["schemaVersion"];
  if (isSchema1MediaType(received ?? declared ?? "") || version === 1) throw schema1Error();
  if (received !== undefined && declared !== undefined && received !== declared) {
    throw new CrossdockError(
      "integrity",
      `read manifest: its Content-Type is ${quote(received)} and its mediaType ${quote(declared)}`,
      { hint: "push it to the source again with the Content-Type of its mediaType" },
    );
  }
  const type = received ?? declared ?? guessMediaType(json);
  if (!isManifestMediaType(type)) {
    throw new CrossdockError("unsupported", `read manifest: unknown media type ${quote(type)}`);
  }
  // May be absent: artifact manifests have none, and early tools omitted it in indexes.
  if (version !== undefined && version !== 2) {
    throw badShape(`schemaVersion: expected 2, got ${showJson(version)}`);
  }
  return type;
}

function guessMediaType(json: JsonObject): string {
  if (Array.isArray(json["manifests"])) return OCI_INDEX;
  if (isObject(json["config"])) return OCI_MANIFEST;
  if (Array.isArray(json["blobs"])) return OCI_ARTIFACT;
  throw badShape("its kind is unknown: neither its Content-Type nor its members identify it");
}

function schema1Error(): CrossdockError {
  return new CrossdockError(
    "unsupported",
    "read manifest: Docker schema 1 is deprecated by Docker and not supported: its digest does not cover all its bytes, " +
      "and current registries reject it",
    { hint: "rebuild the image, or pull and push it with an older client that converts it" },
  );
}

/** Against CVE-2021-41190: https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh. */
function rejectOtherKinds(json: JsonObject, kind: Manifest["kind"]): void {
  for (const [other, members] of Object.entries(KIND_MEMBERS)) {
    if (other === kind) continue;
    const member = members.find((name) => json[name] !== undefined && json[name] !== null);
    if (member !== undefined) throw badShape(`it is ambiguous: an ${kind} with ${member}`);
  }
}

function readCommon(json: JsonObject, mediaType: string): ManifestCommon {
  const subject = json["subject"];
  const artifactType = optionalString(json, "artifactType", "");
  const annotations = optionalStringMap(json, "annotations", "");
  return {
    mediaType,
    ...(subject === undefined || subject === null
      ? {}
      : { subject: parseDescriptor(subject, "subject") }),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

/** Reads an array of descriptors. null counts as empty, because Go programs write it. */
function readDescriptors(json: JsonObject, member: string, maxLength = Infinity): Descriptor[] {
  const value = json[member];
  if (value === null) return [];
  if (!Array.isArray(value)) throw badShape(`${member}: expected an array, got ${showJson(value)}`);
  if (value.length > maxLength) {
    throw new CrossdockError(
      "limit",
      `read manifest: ${member} has ${value.length} entries, expected at most ${maxLength}`,
    );
  }
  return value.map((item, index) => parseDescriptor(item, `${member}[${index}]`));
}
