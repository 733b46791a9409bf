/** Makes a plan's steps of what was found at the source. */
import type { Descriptor } from "../oci/descriptor.ts";
import { isForeignLayer } from "../oci/media_types.ts";
import { ManifestCache } from "./manifest_cache.ts";
import type { MountMemory } from "./mount_memory.ts";
import type { Stage } from "./plan.ts";
import type { Related } from "./related.ts";
import type { CopyRequest } from "./request.ts";
import type { BlobStep, ManifestStep } from "./step.ts";
import { heightOf, listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

export class StepMaker {
  readonly #request: CopyRequest;
  readonly #source: string;
  readonly #destination: string;
  readonly #mounts: MountMemory | undefined;
  /** What the steps' manifests hold, as far as it was read. */
  readonly manifests = new ManifestCache();
  /** Layers that stay where they are. */
  readonly foreign: Descriptor[] = [];
  /** The destination's tag is there with another digest: some of what lies beneath may be there, too. */
  isUpdate = false;

  /**
   * @param names of the repositories, `registry/repository`
   * @param mounts where a run has put blobs so far
   */
  constructor(
    request: CopyRequest,
    names: { readonly source: string; readonly destination: string },
    mounts: MountMemory | undefined,
  ) {
    this.#request = request;
    this.#source = names.source;
    this.#destination = names.destination;
    this.#mounts = mounts;
  }

  /** Blobs that live outside the registry stay there unless they are asked for. */
  toBlobSteps(blobs: readonly Descriptor[]): BlobStep[] {
    const { foreignLayers, recheck, verify } = this.#request;
    if (!foreignLayers) this.foreign.push(...blobs.filter(isForeignLayer));
    const { registry, repository } = this.#request.destination;
    return blobs.filter((blob) => foreignLayers || !isForeignLayer(blob)).map((blob) => {
      const mountFrom = this.#mountCandidates(blob);
      const isLikelyThere = this.isUpdate || recheck || mountFrom.length > 0 ||
        this.#mounts?.has(registry, repository, blob.digest) === true;
      return {
        type: "blob",
        source: this.#source,
        destination: this.#destination,
        descriptor: {
          mediaType: blob.mediaType,
          digest: blob.digest,
          size: blob.size,
          ...(foreignLayers && blob.urls ? { urls: blob.urls } : {}),
        },
        mountFrom,
        eager: !isLikelyThere,
        verify,
      };
    });
  }

  /** From the source's own repository, where that is in the destination's registry, else from where the run has put it. */
  #mountCandidates({ digest }: Descriptor): string[] {
    const { source, destination } = this.#request;
    const isNeighbour = source.registry === destination.registry &&
      source.repository !== destination.repository;
    if (isNeighbour) return [source.repository];
    const place = this.#mounts?.find(destination.registry, destination.repository, digest);
    return place === undefined ? [] : [place];
  }

  /** By height, children first. */
  toManifestStages(name: Stage["name"], nodes: readonly TreeNode[]): Stage[] {
    const byHeight = Map.groupBy(nodes, heightOf);
    return [...byHeight.keys()].sort((a, b) => a - b).map((height) => ({
      name,
      steps: (byHeight.get(height) ?? []).map((node) => this.toManifestStep(node, undefined)),
    }));
  }

  /** Subjects before what refers to them, then digest tags, then lists for registries without the referrers API. */
  toRelatedStages({ rounds, tagged }: Related): Stage[] {
    const stages = rounds.flatMap(({ nodes }) =>
      this.toManifestStages("referrers", nodes.flatMap(listNodes))
    );
    stages.push(
      ...this.toManifestStages(
        "referrers",
        tagged.flatMap(({ node }) => listNodes(node).filter((n) => n !== node)),
      ),
    );
    const tags = tagged.map(({ tag, node }) => this.toManifestStep(node, tag));
    if (tags.length > 0) stages.push({ name: "referrers", steps: tags });
    const records = rounds.flatMap(({ lists }) => lists).map(({ subject, descriptors }) => ({
      type: "referrers" as const,
      destination: this.#destination,
      subject,
      referrers: descriptors.map(toPlainDescriptor),
    }));
    if (records.length > 0) stages.push({ name: "referrers", steps: records });
    return stages;
  }

  /** Under a tag, or by its digest alone. */
  toManifestStep(
    { descriptor, content, isRebuilt }: TreeNode,
    tag: string | undefined,
  ): ManifestStep {
    if (content) this.manifests.add(content);
    return {
      type: "manifest",
      source: this.#source,
      destination: this.#destination,
      descriptor: toPlainDescriptor({
        ...descriptor,
        mediaType: content?.mediaType ?? descriptor.mediaType,
      }),
      ...(tag ? { tag } : {}),
      ...(isRebuilt && content ? { content: new TextDecoder().decode(content.bytes) } : {}),
    };
  }
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
