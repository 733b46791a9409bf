/** Makes the steps of a plan from manifests and blobs of the source. */
import type { Descriptor } from "../oci/descriptor.ts";
import { isForeignLayer } from "../oci/media_types.ts";
import { isLocal, parseRepository } from "../oci/reference.ts";
import { SMALL_BYTES } from "./copy_blob.ts";
import { MAX_DATA_CHARACTERS } from "./open_blob_or_data.ts";
import type { Stage } from "./model.ts";
import type { Related } from "./related.ts";
import type { CopyRequest } from "./request.ts";
import type { BlobStep, ManifestStep } from "./step.ts";
import { heightOf, listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

/** Source and destination repository of a step, as `registry/repository`. */
export interface Route {
  readonly source: string;
  readonly destination: string;
}

export interface BlobStepOptions extends Pick<CopyRequest, "foreignLayers" | "recheck" | "verify"> {
  /** Whether the destination has an older image, and probably some of the blobs. */
  readonly isUpdate: boolean;
}

/**
 * Whether both sides are one repository, which has all content of its own images. An archive is written as a whole, also over
 * itself, so it has nothing yet.
 */
export function isRetag({ source, destination }: Route): boolean {
  return source === destination && !/^[a-z]+-archive:/.test(destination);
}

/** Makes a step for each blob. Foreign layers are included only if the request has `foreignLayers`. */
export function toBlobSteps(
  blobs: readonly Descriptor[],
  route: Route,
  { foreignLayers, recheck, verify, isUpdate }: BlobStepOptions,
): BlobStep[] {
  if (isRetag(route) && !recheck) return [];
  const from = parseRepository(route.source);
  const { registry, repository } = parseRepository(route.destination);
  const canMountFromSource = from.registry === registry && from.repository !== repository;
  const isProbablyPresent = isUpdate || recheck || canMountFromSource;
  return blobs.filter((blob) => foreignLayers || !isForeignLayer(blob)).map((blob) => ({
    type: "blob",
    ...route,
    descriptor: {
      mediaType: blob.mediaType,
      digest: blob.digest,
      size: blob.size,
      ...(foreignLayers && blob.urls ? { urls: blob.urls } : {}),
      ...(blob.data && blob.data.length <= MAX_DATA_CHARACTERS ? { data: blob.data } : {}),
    },
    mountFrom: canMountFromSource ? [from.repository] : [],
    // A large download that turns out to be unneeded costs more than a round trip.
    eager: !isProbablyPresent && blob.size <= SMALL_BYTES,
    verify,
  }));
}

/** Makes the step that puts a manifest, by tag or by digest. */
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

/** Makes the last stage, which sets the tags. A folder or file gets one stage for each, because two writes may not overlap. */
export function toTagStages(steps: readonly ManifestStep[]): Stage[] {
  const [first] = steps;
  return first && isLocal(parseRepository(first.destination))
    ? steps.map((step) => ({ name: "tag", steps: [step] }))
    : [{ name: "tag", steps }];
}

/** Makes a stage for each level of the tree, children first. */
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

/** Makes the stages of referrers, each subject before its referrers. */
export function toReferrerStages(rounds: Related["rounds"], route: Route): Stage[] {
  return rounds.flatMap(({ nodes, source }) =>
    toManifestStages("referrers", nodes.flatMap(listNodes), { ...route, source })
  );
}

/** Makes the stages of digest tags: first the manifests beneath them, then the tags. */
export function toDigestTagStages(tagged: Related["tagged"], route: Route): Stage[] {
  const beneath = [...Map.groupBy(tagged, ({ source }) => source)].flatMap(([source, tagged]) =>
    toManifestStages(
      "referrers",
      tagged.flatMap(({ node }) => listNodes(node).filter((n) => n !== node)),
      { ...route, source },
    )
  );
  const tags = tagged.map(({ tag, node, source }) =>
    toManifestStep(node, { ...route, source }, tag)
  );
  return [
    ...beneath,
    ...(tags.length > 0 ? [{ name: "referrers" as const, steps: tags }] : []),
  ];
}

/** Makes the stage that writes lists of referrers, for registries without the referrers API. */
export function toListStages(
  rounds: Related["rounds"],
  { destination }: Pick<Route, "destination">,
): Stage[] {
  // Two steps must not write one list at the same time.
  const lists = Map.groupBy(rounds.flatMap(({ lists }) => lists), ({ subject }) => subject);
  const steps = [...lists].map(([subject, lists]) => {
    const descriptors = lists.flatMap(({ descriptors }) => descriptors);
    const unique = new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor]));
    return {
      type: "referrers" as const,
      destination,
      subject,
      referrers: [...unique.values()].map(toPlainDescriptor),
    };
  });
  return steps.length > 0 ? [{ name: "referrers", steps }] : [];
}

/** The members of a descriptor that a step needs: no platform, no embedded data. */
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
