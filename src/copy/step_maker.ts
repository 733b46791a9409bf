/** Makes a plan's steps of what was found at the source. */
import type { Descriptor } from "../oci/descriptor.ts";
import { isForeignLayer } from "../oci/media_types.ts";
import { parseRepository } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import type { MountMemory } from "./mount_memory.ts";
import type { Stage } from "./model.ts";
import type { Related } from "./related.ts";
import type { CopyRequest } from "./request.ts";
import type { BlobStep, ManifestStep } from "./step.ts";
import type { StepFindings } from "./step_findings.ts";
import { heightOf, listNodes } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

/** Makes steps from one repository to another. */
export class StepMaker {
  readonly #request: CopyRequest;
  readonly #source: string;
  readonly #destination: string;
  readonly #from: Reference;
  readonly #to: Reference;
  readonly #mounts: MountMemory | undefined;
  readonly #findings: StepFindings;

  /**
   * @param names of the repositories, `registry/repository`
   * @param options.mounts where a run has put blobs so far
   * @param options.findings what is added to
   */
  constructor(
    request: CopyRequest,
    names: { readonly source: string; readonly destination: string },
    { mounts, findings }: {
      readonly mounts?: MountMemory | undefined;
      readonly findings: StepFindings;
    },
  ) {
    this.#request = request;
    this.#source = names.source;
    this.#destination = names.destination;
    this.#from = parseRepository(names.source);
    this.#to = parseRepository(names.destination);
    this.#mounts = mounts;
    this.#findings = findings;
  }

  /**
   * Blobs that live outside the registry stay there unless they are asked for.
   *
   * @param options.isUpdate whether the destination may well have some of them
   */
  toBlobSteps(
    blobs: readonly Descriptor[],
    { isUpdate }: { readonly isUpdate: boolean },
  ): BlobStep[] {
    const { foreignLayers, recheck, verify } = this.#request;
    if (!foreignLayers) this.#findings.foreign.push(...blobs.filter(isForeignLayer));
    const { registry, repository } = this.#to;
    return blobs.filter((blob) => foreignLayers || !isForeignLayer(blob)).map((blob) => {
      const mountFrom = this.#mountCandidates(blob);
      const isLikelyThere = isUpdate || recheck || mountFrom.length > 0 ||
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
    const from = this.#from;
    const { registry, repository } = this.#to;
    const isNeighbour = from.registry === registry && from.repository !== repository;
    if (isNeighbour) return [from.repository];
    const place = this.#mounts?.find(registry, repository, digest);
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

  /** Subjects before what refers to them. */
  toReferrerStages(rounds: Related["rounds"]): Stage[] {
    return rounds.flatMap(({ nodes }) =>
      this.toManifestStages("referrers", nodes.flatMap(listNodes))
    );
  }

  /** What lies beneath digest tags, then these. */
  toDigestTagStages(tagged: Related["tagged"]): Stage[] {
    const beneath = tagged.flatMap(({ node }) => listNodes(node).filter((n) => n !== node));
    const tags = tagged.map(({ tag, node }) => this.toManifestStep(node, tag));
    return [
      ...this.toManifestStages("referrers", beneath),
      ...(tags.length > 0 ? [{ name: "referrers" as const, steps: tags }] : []),
    ];
  }

  /** Lists for registries without the referrers API. */
  toListStages(rounds: Related["rounds"]): Stage[] {
    const records = rounds.flatMap(({ lists }) => lists).map(({ subject, descriptors }) => ({
      type: "referrers" as const,
      destination: this.#destination,
      subject,
      referrers: descriptors.map(toPlainDescriptor),
    }));
    return records.length > 0 ? [{ name: "referrers", steps: records }] : [];
  }

  /** Under a tag, or by its digest alone. */
  toManifestStep(
    { descriptor, content, isRebuilt }: TreeNode,
    tag: string | undefined,
  ): ManifestStep {
    if (content) this.#findings.manifests.add(content);
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
