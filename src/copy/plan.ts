/** Plans a copy: what has to be at the destination, and in which order. Reads only. */
import type { ContentSource, ContentTarget, ManifestContent } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isForeignLayer, isIndexMediaType } from "../oci/media_types.ts";
import { formatReference } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { imageNotFound, wouldOverwrite } from "./copy_error.ts";
import { toBlobSteps, toManifestStages, toManifestStep, toPlainDescriptor } from "./make_steps.ts";
import type { Route } from "./make_steps.ts";
import { ManifestCache } from "./manifest_cache.ts";
import type { MountMemory } from "./mount_memory.ts";
import { listRelatedNodes } from "./related.ts";
import type { Related } from "./related.ts";
import { RelatedPlanner } from "./related_planner.ts";
import type { Repositories } from "./repositories.ts";
import type { CopyRequest } from "./request.ts";
import { listNodes, readTree } from "./tree.ts";
import type { TreeNode } from "./tree.ts";
import { readWantedTree } from "./wanted_tree.ts";
import type { Plan, Stage } from "./model.ts";

export interface MakePlanOptions {
  /** What both names mean, where that was asked before. */
  readonly seen?: { readonly current: Descriptor | undefined; readonly found: Descriptor };
  /** Where blobs went in the course of a run. */
  readonly mounts?: MountMemory | undefined;
  readonly warn?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A plan, and the manifests that were read for it. */
export interface Planned {
  readonly plan: Plan;
  readonly manifests: ManifestCache;
}

/** Reads source and destination and lays out the steps. */
export async function makePlan(
  request: CopyRequest,
  repositories: Repositories,
  options: MakePlanOptions = {},
): Promise<Planned> {
  return await new Planner(request, repositories, options).plan();
}

/** The stages of a plan, and what they were made of. */
interface Draft {
  readonly stages: readonly Stage[];
  /** The manifests that the steps put. */
  readonly nodes: readonly TreeNode[];
  /** Layers that stay outside of the registry. */
  readonly foreign: readonly Descriptor[];
}

const NOTHING: Draft = { stages: [], nodes: [], foreign: [] };

class Planner {
  readonly #request: CopyRequest;
  readonly #source: ContentSource;
  readonly #target: ContentTarget;
  readonly #route: Route;
  readonly #seen: MakePlanOptions["seen"];
  readonly #mounts: MountMemory | undefined;
  readonly #related: RelatedPlanner;
  /** The destination's tag is there, perhaps with another digest: some of what lies beneath may be there, too. */
  #isUpdate = false;
  readonly #signal: AbortSignal | undefined;
  readonly #warn: (message: string) => void;
  readonly #warnings: string[] = [];

  constructor(
    request: CopyRequest,
    repositories: Repositories,
    { seen, mounts, warn, signal }: MakePlanOptions,
  ) {
    const { source, target } = repositories;
    this.#request = request;
    this.#source = source;
    this.#target = target;
    this.#route = { source: source.name, destination: target.name };
    this.#seen = seen;
    this.#mounts = mounts;
    this.#signal = signal;
    this.#warn = (message) => {
      this.#warnings.push(message);
      warn?.(message);
    };
    this.#related = new RelatedPlanner(request, repositories, { warn: this.#warn, signal });
  }

  async plan(): Promise<Planned> {
    const { ifExists, platforms, recheck } = this.#request;
    const { current, found } = this.#seen ?? await this.#lookAtBoth();
    this.#isUpdate = current !== undefined && !recheck;
    if (platforms.length === 0 && found.digest === current?.digest && !recheck) {
      return await this.#planUnchanged(current, found);
    }
    if (
      ifExists === "skip" && current && platforms.length === 0 && found.digest !== current.digest
    ) {
      return this.#planSkipped(found.digest, current);
    }
    const tree = await this.#readSource(found, current);
    const root = tree.descriptor;
    const isSame = root.digest === current?.digest;
    const names = { sourceDigest: found.digest, root, current };
    if (isSame && !recheck) {
      return this.#finish(await this.#draftRelated(tree, root.digest), names);
    }
    if (current && !isSame && ifExists === "skip") return this.#planSkipped(found.digest, current);
    if (current && !isSame && ifExists === "fail") {
      const digests = { current: current.digest, wanted: root.digest };
      throw wouldOverwrite(this.#request.destination, digests);
    }
    return this.#finish(await this.#draftCopy(tree, found.digest), names);
  }

  /**
   * What both names mean now. Both sides are asked at once, and the source gives its manifest; but where reading counts against
   * a limit, or the source's digest is known, the destination is asked first, since its answer may end the copy.
   */
  async #lookAtBoth(): Promise<
    { current: Descriptor | undefined; found: Descriptor | ManifestContent }
  > {
    const { source, destination, platforms } = this.#request;
    const options = { signal: this.#signal };
    const reference = source.digest ?? source.tag ?? "latest";
    const name = destination.tag ?? destination.digest ?? source.digest;
    const look = async (): Promise<Descriptor | undefined> =>
      name === undefined ? undefined : await this.#target.resolveManifest(name, options);
    const read = async (): Promise<ManifestContent> =>
      await this.#source.fetchManifest(reference, options) ?? this.#notFound();
    if (!source.digest && !this.#source.countsPulls) {
      const [current, found] = await Promise.all([look(), read()]);
      return { current, found };
    }
    const current = await look();
    if (!current || platforms.length > 0) return { current, found: await read() };
    if (source.digest) return { current, found: { ...current, digest: source.digest } };
    const found = await this.#source.resolveManifest(reference, options);
    return { current, found: found ?? this.#notFound() };
  }

  async #readSource(
    found: Descriptor | ManifestContent,
    current: Descriptor | undefined,
  ): Promise<TreeNode> {
    const { index, recheck } = this.#request;
    const signal = this.#signal;
    const root = "bytes" in found
      ? found
      : await this.#source.fetchManifest(found.digest, { signal }) ?? this.#notFound();
    // The image that is to be the root is wanted with its manifest, unless it is the root already.
    const isRoot = ({ digest }: Descriptor): Promise<boolean> =>
      Promise.resolve(digest === current?.digest && !recheck);
    const isKnown = index === "unwrap"
      ? isRoot
      : this.#isUpdate
      ? this.#isAtDestination
      : undefined;
    const tree = await readWantedTree(this.#request, this.#source, { root, isKnown, signal });
    if (tree.isRebuilt) {
      this.#warn(
        `the index was rebuilt for the selected platforms: digest ${root.digest} becomes ${tree.descriptor.digest}`,
      );
    }
    return tree;
  }

  /** Nothing of the image moves; what refers to it may be new. An index is read where reading it costs the source no pull. */
  async #planUnchanged(current: Descriptor, found: Descriptor | ManifestContent): Promise<Planned> {
    const { referrers, digestTags } = this.#request;
    const names = { sourceDigest: current.digest, root: current, current };
    if (!referrers && !digestTags) return this.#finish(NOTHING, names);
    let tree: TreeNode = { descriptor: current, children: [] };
    if (isIndexMediaType(current.mediaType)) {
      const content = "bytes" in found
        ? found
        : await this.#target.fetchManifest(current.digest, { signal: this.#signal });
      if (content) {
        const isKnown = (): Promise<boolean> => Promise.resolve(true);
        tree = await readTree(this.#target, content, { isKnown, signal: this.#signal });
      }
    }
    return this.#finish(await this.#draftRelated(tree, current.digest), names);
  }

  #planSkipped(sourceDigest: Digest, current: Descriptor): Planned {
    return this.#finish(NOTHING, { sourceDigest, root: current, current, result: "skipped" });
  }

  /** blobs → manifests, children first → what refers to them → the tag. */
  async #draftCopy(tree: TreeNode, sourceDigest: Digest): Promise<Draft> {
    const related = await this.#related.find(tree, { sourceDigest, isUpdate: this.#isUpdate });
    const missing = listNodes(tree).filter((node) => node.content);
    const { tag } = this.#request.destination;
    // Referrers want their subject there, and the tag comes last: then the root is put by its digest first.
    const isFirst = this.#related.wantsImage(related);
    const early = isFirst ? missing : missing.filter((node) => node !== tree);
    const isDone = isFirst && tag === undefined;
    return this.#draft(missing, related, [
      ...toManifestStages("manifests", early, this.#route),
      ...this.#related.toStages(related),
      { name: "tag", steps: isDone ? [] : [toManifestStep(tree, this.#route, tag)] },
    ]);
  }

  /** Only what refers to an image that is there. */
  async #draftRelated(tree: TreeNode, sourceDigest: Digest): Promise<Draft> {
    const related = await this.#related.find(tree, { sourceDigest, isUpdate: this.#isUpdate });
    return this.#draft([], related, this.#related.toStages(related));
  }

  /** Adds the stage of the blobs, which comes before all others. */
  #draft(image: readonly TreeNode[], related: Related, stages: readonly Stage[]): Draft {
    const options = { ...this.#request, mounts: this.#mounts, isUpdate: this.#isUpdate };
    const deliveries = this.#related.listBlobs(image, related);
    const steps = deliveries.flatMap(({ blobs, route }) => toBlobSteps(blobs, route, options));
    const foreign = deliveries.flatMap(({ blobs }) => blobs.filter(isForeignLayer));
    return {
      stages: [{ name: "blobs", steps }, ...stages],
      nodes: [...image, ...listRelatedNodes(related)],
      foreign: this.#request.foreignLayers ? [] : foreign,
    };
  }

  readonly #isAtDestination = async ({ digest }: Descriptor): Promise<boolean> => {
    return await this.#target.resolveManifest(digest, { signal: this.#signal }) !== undefined;
  };

  #finish(
    { stages, nodes, foreign }: Draft,
    { sourceDigest, root, current, result }: {
      readonly sourceDigest: Digest;
      readonly root: Descriptor;
      readonly current: Descriptor | undefined;
      readonly result?: "skipped";
    },
  ): Planned {
    const { source, destination } = this.#request;
    const filled = stages.filter(({ steps }) => steps.length > 0);
    const isWriting = filled.some(({ steps }) => steps.some((step) => step.type !== "referrers"));
    const plan: Plan = {
      source: formatReference({ ...source, digest: sourceDigest }),
      destination: formatReference(nameResult(destination, root.digest)),
      root: toPlainDescriptor(root),
      ...(current ? { current: current.digest } : {}),
      result: result ?? (isWriting ? "copied" : "unchanged"),
      stages: filled,
      foreign: foreign.map(toPlainDescriptor),
      warnings: this.#warnings,
    };
    const manifests = new ManifestCache();
    for (const { content } of nodes) if (content) manifests.add(content);
    return { plan, manifests };
  }

  #notFound(): never {
    throw imageNotFound(this.#request.source);
  }
}

/** The destination's name with the digest that it will have; a digest that was written there gives way to a rebuilt one. */
function nameResult({ digest: _, ...name }: Reference, digest: Digest): Reference {
  return { ...name, digest };
}
