/** Manifests: their bytes in, what they name out. The bytes themselves are copied as they are, never written anew. */

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
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  OCI_ARTIFACT,
  OCI_INDEX,
  OCI_MANIFEST,
} from "./media_types.ts";

export {
  DIGEST_TAG_SUFFIXES,
  digestTag,
  type DigestTagSuffix,
  parseDigestTag,
  referrersTag,
} from "./digest_tag.ts";
export { rebuildIndex } from "./rebuild_index.ts";

/**
 * 4 MiB. The distribution spec has registries take manifests of at least that size, most take no more, so nothing
 * larger could be pushed; and it is what one manifest may cost in memory.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests
 */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Indexes within indexes. Real ones nest once or twice; a chain made to exhaust us costs a request a level. */
export const MAX_INDEX_DEPTH = 8;

/** Entries of one index. The largest real ones have hundreds; 4 MiB has room for 40,000, each of them a request. */
export const MAX_INDEX_WIDTH = 10_000;

/** An image, or an artifact in the shape of one. */
export interface ImageManifest extends ManifestCommon {
  readonly kind: "image";
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** An OCI index or a Docker manifest list. */
export interface IndexManifest extends ManifestCommon {
  readonly kind: "index";
  readonly manifests: readonly Descriptor[];
}

/** An OCI artifact manifest, of the release candidates of image-spec 1.1. */
export interface ArtifactManifest extends ManifestCommon {
  readonly kind: "artifact";
  readonly blobs: readonly Descriptor[];
}

/** Any manifest that can be copied. */
export type Manifest = ImageManifest | IndexManifest | ArtifactManifest;

interface ManifestCommon {
  /** What it is to be pushed as. */
  readonly mediaType: string;
  /** The manifest that this one refers to. */
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Content types that say nothing about what is inside. */
const GENERIC_TYPES = [
  "",
  "application/json",
  "application/octet-stream",
  "binary/octet-stream",
  "text/plain",
];

/** Members of one kind only: a manifest with those of two would mean different things to different readers. */
const OWN_MEMBERS = { image: ["config", "layers"], index: ["manifests"] } as const;

/**
 * Reads a manifest.
 *
 * @param mediaType the Content-Type that it came with, without parameters; a generic one or "" leaves it to the
 * manifest's own `mediaType`, and failing that to its shape
 * @throws {CrossdockError} code `limit` above a bound, `unsupported` for schema 1 and unknown types, `integrity` if
 * the content type and the manifest's own contradict each other, `registry` for any other fault of its shape
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): Manifest {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new CrossdockError(
      "limit",
      `read manifest: it has ${bytes.byteLength} bytes, want at most ${MAX_MANIFEST_BYTES}`,
    );
  }
  const json = parseJsonObject(decodeManifest(bytes));
  const type = resolveMediaType(json, mediaType);
  const kind = isIndexMediaType(type) ? "index" : type === OCI_ARTIFACT ? "artifact" : "image";
  refuseMembersOfOtherKinds(json, kind);
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
      // It has no schemaVersion, its type is required, and its blobs may be left out.
      const blobs = json["blobs"] === undefined ? [] : readDescriptors(json, "blobs");
      return { kind, ...common, artifactType: requireString(json, "artifactType", ""), blobs };
    }
  }
}

/** What it names outside the manifests: config and layers, or blobs; each digest once, in order. */
export function manifestBlobs(manifest: Manifest): Descriptor[] {
  switch (manifest.kind) {
    case "image":
      return onceEach([manifest.config, ...manifest.layers]);
    case "index":
      return [];
    case "artifact":
      return onceEach(manifest.blobs);
  }
}

/** The entries of an index, each digest once, in order; none for other manifests. The subject is not among them. */
export function manifestChildren(manifest: Manifest): Descriptor[] {
  return manifest.kind === "index" ? onceEach(manifest.manifests) : [];
}

function onceEach(descriptors: readonly Descriptor[]): Descriptor[] {
  const seen = new Map<string, Descriptor>();
  for (const descriptor of descriptors) {
    if (!seen.has(descriptor.digest)) seen.set(descriptor.digest, descriptor);
  }
  return [...seen.values()];
}

function resolveMediaType(json: JsonObject, contentType: string): string {
  const own = optionalString(json, "mediaType", "");
  const given = GENERIC_TYPES.includes(contentType) ? undefined : contentType;
  const version = json["schemaVersion"];
  if (isSchema1MediaType(given ?? own ?? "") || version === 1) throw schema1Error();
  if (given !== undefined && own !== undefined && given !== own) {
    throw new CrossdockError(
      "integrity",
      `read manifest: it came as ${quote(given)} and calls itself ${quote(own)}`,
      { hint: "push it to the source again under the media type that it names" },
    );
  }
  const type = given ?? own ?? guessMediaType(json);
  if (!isManifestMediaType(type)) {
    throw new CrossdockError("unsupported", `read manifest: unknown media type ${quote(type)}`);
  }
  // Absent is let pass: artifact manifests have none, and early tools left it out of indexes.
  if (version !== undefined && version !== 2) {
    throw badShape(`schemaVersion: want 2, got ${showJson(version)}`);
  }
  return type;
}

function guessMediaType(json: JsonObject): string {
  if (Array.isArray(json["manifests"])) return OCI_INDEX;
  if (isObject(json["config"])) return OCI_MANIFEST;
  if (Array.isArray(json["blobs"])) return OCI_ARTIFACT;
  throw badShape("neither its content type nor its members tell what it is");
}

function schema1Error(): CrossdockError {
  return new CrossdockError(
    "unsupported",
    "read manifest: it is a Docker schema 1 manifest, deprecated by Docker: its digest is not over all its bytes, " +
      "and registries of today do not take it unchanged",
    { hint: "rebuild the image, or pull and push it with an older client that converts it" },
  );
}

/** As CVE-2021-41190 taught: https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh. */
function refuseMembersOfOtherKinds(json: JsonObject, kind: Manifest["kind"]): void {
  for (const [other, members] of Object.entries(OWN_MEMBERS)) {
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

/** An array of descriptors; null counts as empty, because Go programs write it. */
function readDescriptors(json: JsonObject, member: string, maxLength = Infinity): Descriptor[] {
  const value = json[member];
  if (value === null) return [];
  if (!Array.isArray(value)) throw badShape(`${member}: want an array, got ${showJson(value)}`);
  if (value.length > maxLength) {
    throw new CrossdockError(
      "limit",
      `read manifest: ${member} has ${value.length} entries, want at most ${maxLength}`,
    );
  }
  return value.map((item, index) => parseDescriptor(item, `${member}[${index}]`));
}
