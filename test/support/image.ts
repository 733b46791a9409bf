/** Makes images, indexes and referrers. The same seed gives the same digests. */

import type { Descriptor } from "../../src/oci/descriptor.ts";
import type { Digest } from "../../src/oci/digest.ts";
import { digestTag, referrersTag } from "../../src/oci/digest_tag.ts";
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  OCI_EMPTY,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../src/oci/media_types.ts";
import { randomBytes } from "./generated_bytes.ts";
import type { EmbeddedRegistry } from "./registry.ts";
import { describeReferrer } from "./registry_lists.ts";

export { randomBytes } from "./generated_bytes.ts";

export interface PutImageOptions {
  tag?: string;
  /** `os/architecture` or `os/architecture/variant`. Default: `linux/amd64`. */
  platform?: string;
  /** Default: 2. */
  layers?: number;
  /** The size of each layer. Default: 1000. */
  layerBytes?: number;
  /** Default: 1. */
  seed?: number;
  /** Whether media types are those of Docker's schema 2 instead of OCI. Default: false. */
  docker?: boolean;
  annotations?: Record<string, string>;
  subject?: Descriptor;
}

export interface PutIndexOptions extends Omit<PutImageOptions, "platform" | "subject"> {
  platforms: readonly string[];
  /** Whether each image gets an attestation like those of BuildKit, with the platform `unknown/unknown`. */
  attestations?: boolean;
}

/** The content that {@linkcode putImage} has put. */
export interface PutImage {
  descriptor: Descriptor;
  config: Descriptor;
  layers: Descriptor[];
}

/** The content that {@linkcode putIndex} has put. In the index the attestations follow the images. */
export interface PutIndex {
  descriptor: Descriptor;
  images: PutImage[];
  attestations: PutImage[];
}

const IN_TOTO = "application/vnd.in-toto+json";
const COSIGN_PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json";

/** The media types of the parts of an image. */
const TYPES = {
  oci: {
    index: OCI_INDEX,
    manifest: OCI_MANIFEST,
    config: "application/vnd.oci.image.config.v1+json",
    layer: "application/vnd.oci.image.layer.v1.tar+gzip",
  },
  docker: {
    index: DOCKER_MANIFEST_LIST,
    manifest: DOCKER_MANIFEST,
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  },
};

/** Puts an image. Its layers are noise of the given size and not archives. */
export async function putImage(
  registry: EmbeddedRegistry,
  repository: string,
  options: PutImageOptions = {},
): Promise<PutImage> {
  const { tag, platform = "linux/amd64", layers: count = 2, layerBytes = 1000, seed = 1 } = options;
  const types = options.docker ? TYPES.docker : TYPES.oci;
  const layers: Descriptor[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = randomBytes(layerBytes, seed * 1000 + i);
    layers.push(await putBlob(registry, repository, types.layer, bytes));
  }
  const config = await putBlob(registry, repository, types.config, {
    ...parsePlatform(platform),
    config: { Labels: { seed: `${seed}` } },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config,
    layers,
    ...options.subject !== undefined && { subject: options.subject },
    ...options.annotations !== undefined && { annotations: options.annotations },
  };
  const tags = tag === undefined ? [] : [tag];
  const descriptor = await registry.putManifest(repository, manifest, types.manifest, tags);
  return { descriptor, config, layers };
}

/** Puts an index with one image for each platform. */
export async function putIndex(
  registry: EmbeddedRegistry,
  repository: string,
  options: PutIndexOptions,
): Promise<PutIndex> {
  const { platforms, attestations: wanted, annotations, tag, seed = 1, ...imageOptions } = options;
  const types = options.docker ? TYPES.docker : TYPES.oci;
  const images: PutImage[] = [];
  const attestations: PutImage[] = [];
  const entries: Descriptor[] = [];
  for (const [i, platform] of platforms.entries()) {
    const image = await putImage(registry, repository, {
      ...imageOptions,
      platform,
      seed: seed * 100 + i,
    });
    images.push(image);
    entries.push({ ...image.descriptor, platform: parsePlatform(platform) });
  }
  for (const image of wanted ? images : []) {
    const attestation = await putAttestation(registry, repository, image.descriptor.digest);
    attestations.push(attestation);
    entries.push({
      ...attestation.descriptor,
      annotations: {
        "vnd.docker.reference.digest": image.descriptor.digest,
        "vnd.docker.reference.type": "attestation-manifest",
      },
      platform: { architecture: "unknown", os: "unknown" },
    });
  }
  const index = {
    schemaVersion: 2,
    mediaType: types.index,
    manifests: entries,
    ...annotations !== undefined && { annotations },
  };
  const tags = tag === undefined ? [] : [tag];
  const descriptor = await registry.putManifest(repository, index, types.index, tags);
  return { descriptor, images, attestations };
}

/** https://github.com/moby/buildkit/blob/v0.18.0/docs/attestations/attestation-storage.md */
async function putAttestation(
  registry: EmbeddedRegistry,
  repository: string,
  about: Digest,
): Promise<PutImage> {
  const statement = await putBlob(registry, repository, IN_TOTO, { about });
  const layers = [{
    ...statement,
    annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" },
  }];
  const config = await putBlob(registry, repository, TYPES.oci.config, {
    architecture: "unknown",
    os: "unknown",
    config: {},
    rootfs: { type: "layers", diff_ids: [statement.digest] },
  });
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
  const descriptor = await registry.putManifest(repository, manifest, OCI_MANIFEST);
  return { descriptor, config, layers };
}

/**
 * Puts an artifact that refers to the subject. Without the referrers API it also adds the artifact to the index at the
 * fallback tag, as the spec requires of clients.
 */
export async function putReferrer(
  registry: EmbeddedRegistry,
  repository: string,
  subject: Descriptor,
  options: {
    artifactType: string;
    payload: Uint8Array | string;
    annotations?: Record<string, string>;
  },
): Promise<PutImage> {
  const { artifactType, annotations } = options;
  const payload = typeof options.payload === "string"
    ? new TextEncoder().encode(options.payload)
    : options.payload;
  const config = await putBlob(registry, repository, OCI_EMPTY, {});
  const layers = [await putBlob(registry, repository, artifactType, payload)];
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType,
    config,
    layers,
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    ...annotations !== undefined && { annotations },
  };
  const descriptor = await registry.putManifest(repository, manifest, OCI_MANIFEST);
  if (!registry.hasReferrers) {
    const entry = describeReferrer(descriptor, manifest);
    await addToFallbackTag(registry, repository, subject.digest, entry);
  }
  return { descriptor, config, layers };
}

/** https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema */
async function addToFallbackTag(
  registry: EmbeddedRegistry,
  repository: string,
  subject: Digest,
  entry: Descriptor,
): Promise<void> {
  const tag = referrersTag(subject);
  const before = registry.getManifest(repository, tag);
  const manifests: Descriptor[] = before === undefined
    ? []
    : JSON.parse(new TextDecoder().decode(before.bytes)).manifests;
  const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...manifests, entry] };
  await registry.putManifest(repository, index, OCI_INDEX, [tag]);
}

/** Puts a manifest like those of cosign at `sha256-<hex>.sig`. The signature itself is not valid. */
export async function putCosignSignature(
  registry: EmbeddedRegistry,
  repository: string,
  digest: Digest,
): Promise<PutImage & { tag: string }> {
  const tag = digestTag(digest, "sig");
  if (tag === undefined) throw new RangeError(`put signature of ${digest}: want a sha256 digest`);
  const payload = await putBlob(registry, repository, COSIGN_PAYLOAD, {
    critical: {
      image: { "docker-manifest-digest": digest },
      type: "cosign container image signature",
    },
    optional: null,
  });
  const layers = [{
    ...payload,
    annotations: { "dev.cosignproject.cosign/signature": btoa(payload.digest) },
  }];
  const config = await putBlob(registry, repository, TYPES.oci.config, {
    architecture: "",
    os: "",
    config: {},
    rootfs: { type: "layers", diff_ids: [payload.digest] },
  });
  const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers };
  const descriptor = await registry.putManifest(repository, manifest, OCI_MANIFEST, [tag]);
  return { descriptor, config, layers, tag };
}

async function putBlob(
  registry: EmbeddedRegistry,
  repository: string,
  mediaType: string,
  content: Uint8Array | object,
): Promise<Descriptor> {
  const bytes = content instanceof Uint8Array
    ? content
    : new TextEncoder().encode(JSON.stringify(content));
  return { mediaType, ...await registry.putBlob(repository, bytes) };
}

function parsePlatform(text: string): { os: string; architecture: string; variant?: string } {
  const [os = "", architecture = "", variant] = text.split("/");
  return { architecture, os, ...variant !== undefined && { variant } };
}
