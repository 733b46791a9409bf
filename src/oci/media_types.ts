/** Media types of manifests, configs and layers, and what can be told from one. */

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
/** OCI artifact manifest: only in release candidates of image-spec 1.1, yet registries still hold some. */
export const OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json";
/** The config of an artifact that has none: the two bytes `{}`. */
export const OCI_EMPTY = "application/vnd.oci.empty.v1+json";

const INDEXES: readonly string[] = [OCI_INDEX, DOCKER_MANIFEST_LIST];
const SCHEMA1: readonly string[] = [DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1];
const MANIFESTS: readonly string[] = [...INDEXES, OCI_MANIFEST, DOCKER_MANIFEST, OCI_ARTIFACT];

/**
 * The Accept header for a manifest: all types that are read here.
 *
 * Schema 1 comes last, so that a registry which has only that answers with it and the copy can say so,
 * where without it there would be a "not found" that explains nothing.
 */
export const MANIFEST_ACCEPT: string = [...MANIFESTS, ...SCHEMA1].join(", ");

/**
 * Layers that were not meant to be pushed: Windows base layers of old, fetched from `urls`.
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

/** Whether it is an OCI index or a Docker manifest list. */
export function isIndexMediaType(mediaType: string): boolean {
  return INDEXES.includes(mediaType);
}

/** Whether it is any manifest that can be copied: image, index or artifact, but not schema 1. */
export function isManifestMediaType(mediaType: string): boolean {
  return MANIFESTS.includes(mediaType);
}

/** Whether it is Docker's schema 1, signed or not. */
export function isSchema1MediaType(mediaType: string): boolean {
  return SCHEMA1.includes(mediaType);
}

/** Whether the layer is foreign (Docker's word) or non-distributable (OCI's): the registry need not hold it. */
export function isForeignLayer(descriptor: { readonly mediaType: string }): boolean {
  return FOREIGN_LAYERS.includes(descriptor.mediaType);
}
