/** Media types of manifests, configs and layers. */

/** Docker image manifest V2, schema 1, unsigned. */
export const DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json";
/** Docker image manifest V2, schema 1, signed. */
export const DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/** Docker image manifest V2, schema 2. */
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
/** Docker manifest list. */
export const DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
/** OCI image manifest. */
export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
/** OCI image index. */
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
/** OCI artifact manifest: only in release candidates of image-spec 1.1, but still found in registries. */
export const OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json";
/** The config of an artifact that has none: the two bytes `{}`. */
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";

const INDEXES: readonly string[] = [OCI_INDEX, DOCKER_MANIFEST_LIST];
const SCHEMA1: readonly string[] = [DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1];
const MANIFESTS: readonly string[] = [...INDEXES, OCI_MANIFEST, DOCKER_MANIFEST, OCI_ARTIFACT];

/**
 * The Accept header for a manifest.
 *
 * It includes schema 1, last. A registry that has only schema 1 then returns it, and the copy fails with a clear error in place
 * of a misleading "not found".
 */
export const MANIFEST_ACCEPT: string = [...MANIFESTS, ...SCHEMA1].join(", ");

/**
 * Layers that must not be pushed: old Windows base layers, fetched from `urls`.
 *
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#non-distributable-layers
 */
const FOREIGN_LAYERS: readonly string[] = [
  "application/vnd.docker.image.rootfs.foreign.diff.tar",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
];

/** Whether the type is an OCI index or a Docker manifest list. */
export function isIndexMediaType(mediaType: string): boolean {
  return INDEXES.includes(mediaType);
}

/** Whether the type is a manifest that can be copied: image, index or artifact, but not schema 1. */
export function isManifestMediaType(mediaType: string): boolean {
  return MANIFESTS.includes(mediaType);
}

/** Whether the type is Docker schema 1, signed or not. */
export function isSchema1MediaType(mediaType: string): boolean {
  return SCHEMA1.includes(mediaType);
}

/** Whether the layer is foreign (Docker) or non-distributable (OCI). The registry may not have it. */
export function isForeignLayer(descriptor: { readonly mediaType: string }): boolean {
  return FOREIGN_LAYERS.includes(descriptor.mediaType);
}

/** Types that do not identify the content. */
const GENERIC_TYPES = [
  "",
  "application/json",
  "application/octet-stream",
  "binary/octet-stream",
  "text/plain",
];

/** Whether the type does not identify the content: a Content-Type of this kind says nothing about a manifest. */
export function isGenericMediaType(mediaType: string): boolean {
  return GENERIC_TYPES.includes(mediaType);
}

/**
 * Whether an entry of an index is a blob. BuildKit lists the layers and the config of a cache in an index. An unknown type that is
 * named like a manifest is no blob.
 *
 * https://github.com/moby/buildkit/blob/v0.18.0/README.md#export-cache
 */
export function isBlobEntry({ mediaType }: { readonly mediaType: string }): boolean {
  return !isGenericMediaType(mediaType) && !isManifestMediaType(mediaType) &&
    !/manifest|index/.test(mediaType);
}
