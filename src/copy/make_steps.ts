/** Makes a plan's steps from what was found at the source. */
import type { Descriptor } from "../oci/descriptor.ts";
import { isForeignLayer } from "../oci/media_types.ts";
import { parseRepository } from "../oci/reference.ts";
import type { MountMemory } from "./mount_memory.ts";
import type { Stage } from "./model.ts";
import type { Related } from "./related.ts";
import type { CopyRequest } from "./request.ts";
import type { BlobStep, ManifestStep } from "./step.ts";
import { heightOf, listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

/** The names of two repositories, `registry/repository`: what a step moves goes from one to the other. */
export interface Route {
  readonly source: string;
  readonly destination: string;
}

export interface BlobStepOptions extends Pick<CopyRequest, "foreignLayers" | "recheck" | "verify"> {
  /** Where the run has put blobs so far. */
  readonly mounts?: MountMemory | undefined;
  /** Whether the destination may have some of the blobs already. */
  readonly isUpdate: boolean;
}

/** Foreign layers stay outside of the registry, unless the request asks for them. */
export function toBlobSteps(
  blobs: readonly Descriptor[],
  route: Route,
  { foreignLayers, recheck, verify, mounts, isUpdate }: BlobStepOptions,
): BlobStep[] {
  const from = parseRepository(route.source);
  const { registry, repository } = parseRepository(route.destination);
  const isNeighbour = from.registry === registry && from.repository !== repository;
  return blobs.filter((blob) => foreignLayers || !isForeignLayer(blob)).map((blob) => {
    const place = isNeighbour ? from.repository : mounts?.find(registry, repository, blob.digest);
    const isLikelyThere = isUpdate || recheck || place !== undefined ||
      mounts?.has(registry, repository, blob.digest) === true;
    return {
      type: "blob",
      ...route,
      descriptor: {
        mediaType: blob.mediaType,
        digest: blob.digest,
        size: blob.size,
        ...(foreignLayers && blob.urls ? { urls: blob.urls } : {}),
      },
      mountFrom: place === undefined ? [] : [place],
      eager: !isLikelyThere,
      verify,
    };
  });
}

/** Puts a manifest under a tag, or by its digest alone. */
export function toManifestStep(
  { descriptor, content, isRebuilt }: TreeNode,
  route: Route,
  tag?: string,
): ManifestStep {
  return {
    type: "manifest",
    ...route,
    descriptor: toPlainDescriptor({
      ...descriptor,
      mediaType: content?.mediaType ?? descriptor.mediaType,
    }),
    ...(tag ? { tag } : {}),
    ...(isRebuilt && content ? { content: new TextDecoder().decode(content.bytes) } : {}),
  };
}

/** By height, children first. */
export function toManifestStages(
  name: Stage["name"],
  nodes: readonly TreeNode[],
  route: Route,
): Stage[] {
  const byHeight = Map.groupBy(nodes, heightOf);
  return [...byHeight.keys()].sort((a, b) => a - b).map((height) => ({
    name,
    steps: (byHeight.get(height) ?? []).map((node) => toManifestStep(node, route)),
  }));
}

/** Subjects before what refers to them. */
export function toReferrerStages(rounds: Related["rounds"], route: Route): Stage[] {
  return rounds.flatMap(({ nodes }) =>
    toManifestStages("referrers", nodes.flatMap(listNodes), route)
  );
}

/** The manifests beneath digest tags, then the tags. */
export function toDigestTagStages(tagged: Related["tagged"], route: Route): Stage[] {
  const beneath = tagged.flatMap(({ node }) => listNodes(node).filter((n) => n !== node));
  const tags = tagged.map(({ tag, node }) => toManifestStep(node, route, tag));
  return [
    ...toManifestStages("referrers", beneath, route),
    ...(tags.length > 0 ? [{ name: "referrers" as const, steps: tags }] : []),
  ];
}

/** Lists of referrers, for registries without the referrers API. */
export function toListStages(
  rounds: Related["rounds"],
  { destination }: Pick<Route, "destination">,
): Stage[] {
  const records = rounds.flatMap(({ lists }) => lists).map(({ subject, descriptors }) => ({
    type: "referrers" as const,
    destination,
    subject,
    referrers: descriptors.map(toPlainDescriptor),
  }));
  return records.length > 0 ? [{ name: "referrers", steps: records }] : [];
}

/** What a step needs of a descriptor: no platform, no embedded data. */
export function toPlainDescriptor(
  { mediaType, digest, size, artifactType, annotations }: Descriptor,
): ManifestStep["descriptor"] {
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
